// Pixels of one image to the input of a model.
import { ArgumentError, ops, type Tensor, tensor, tidy } from '@normfree/torch'
import type { Preprocessing } from './preprocessing.ts'

/** Operators that average over what they leave out, as Pillow does; bicubic is Keys' with a = -0.5. */
const OPERATORS = {
  bicubic: 'aten::_upsample_bicubic2d_aa',
  bilinear: 'aten::_upsample_bilinear2d_aa',
} as const

/**
 * Resizes, crops the middle, and normalises, as timm's evaluation: (H, W, 3) uint8 in red, green, blue
 * to (1, 3, size, size) float32.
 *
 * @throws ArgumentError for pixels of another shape or dtype.
 */
export function preprocess(pixels: Tensor, settings: Preprocessing): Tensor {
  const { shape, dtype } = pixels
  if (shape.length !== 3 || shape[2] !== 3 || dtype !== 'uint8')
    throw new ArgumentError(
      `Expected uint8 pixels (H, W, 3) for \`pixels\` but received ${dtype} [${shape.join(', ')}].`,
    )
  const { size, mean, std } = settings
  return tidy(() => {
    const image = pixels.permute([2, 0, 1]).unsqueeze(0).to('float32')
    const resized = resize(image, settings)
    const [height, width] = resized.shape.slice(2)
    const [top, left] = [height, width].map(side => evenRound((side - size) / 2))
    const cropped = resized.narrow(2, top, size).narrow(3, left, size)
    const perChannel = (values: readonly number[]) => tensor([...values]).view([1, 3, 1, 1])
    return cropped.div(255).sub(perChannel(mean)).div(perChannel(std)).contiguous()
  })
}

/** Whole numbers of 0 to 255 again, as an image library gives. */
function resize(image: Tensor, { size, cropPct, cropMode, interpolation }: Preprocessing): Tensor {
  const [height, width] = image.shape.slice(2)
  const side = Math.floor(size / cropPct)
  const shorter = Math.min(height, width)
  const scaled = (length: number) => Math.floor((side * length) / shorter)
  const target = cropMode === 'squash' ? [side, side] : [scaled(height), scaled(width)]
  if (target[0] === height && target[1] === width) return image
  const operator = OPERATORS[interpolation]
  const resized = ops.call(operator, '', image, target, false, undefined, undefined) as Tensor
  return resized.round().clamp(0, 255)
}

/** Halves to the even neighbour, as Python's round. */
const evenRound = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))
