// Progressive resizing: smaller images in the first epochs.
import { ops, type Tensor } from '@normfree/torch'
import type { RunConfig } from '../config/schema.ts'

/** The side of the training images in an epoch (1-based), in pixels; undefined for images as they are. */
export function resolutionAt(
  { progressive = [], epochs }: RunConfig,
  epoch: number,
): number | undefined {
  return progressive.find(({ until }) => (epoch - 1) / epochs < until)?.resolution
}

/**
 * Images (N, 3, H, W) as (N, 3, side, side), channels-last, by bilinear interpolation over all pixels
 * that an output pixel covers (antialiased, as torchvision resizes); as they are without a side.
 */
export function resized(images: Tensor, side: number | undefined): Tensor {
  const [, , height, width] = images.shape
  if (side === undefined || (side === height && side === width)) return images
  const small = ops.call(
    'aten::_upsample_bilinear2d_aa',
    '',
    images,
    [side, side],
    false,
    null,
    null,
  )
  return (small as Tensor).contiguous({ memoryFormat: 'channels_last' })
}
