// One image file to the pixels that a person would see.
import { from, type Tensor } from '@normfree/torch'
import sharp from 'sharp'
import { DataError } from '../data/errors.ts'

/**
 * (H, W, 3) uint8 in red, green, blue; turned upright where the file says so (EXIF), transparency
 * dropped, greys spread over the channels.
 *
 * @throws DataError for a file that is not there or does not decode
 */
export async function readImage(path: string): Promise<Tensor> {
  try {
    const { data, info } = await sharp(path, { failOn: 'error' })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return from(new Uint8Array(data), [info.height, info.width, info.channels])
  } catch (cause) {
    throw new DataError(
      `Expected an image that decodes (JPEG, PNG, WebP, GIF, TIFF or AVIF) for \`image\` but received ${path}: ${(cause as Error).message.split('\n')[0]}.`,
      { cause },
    )
  }
}
