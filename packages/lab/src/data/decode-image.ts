// One encoded image to pixels, through sharp: upright as its EXIF says, transparency dropped, greys spread
// over red, green and blue.
import sharp, { type Sharp } from 'sharp'
import type { Box, Pixels } from './augment/pixels.ts'
import type { Interpolation } from './augment/resample.ts'

const KERNELS = { bilinear: 'linear', bicubic: 'cubic' } as const

const open = (image: Uint8Array): Sharp => sharp(image, { failOn: 'error' }).autoOrient()

const toPixels = (image: Sharp): Sharp =>
  image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' })

/** RGB bytes: the shorter side resized to fill, the middle kept. */
export const decodeCovering = (
  image: Uint8Array,
  { height, width }: Pick<Pixels, 'height' | 'width'>,
): Promise<Uint8Array> => toPixels(open(image).resize(width, height, { fit: 'cover' })).toBuffer()

/** The whole image in its own size. */
export async function decodeWhole(image: Uint8Array): Promise<Pixels> {
  const { data, info } = await toPixels(open(image)).toBuffer({ resolveWithObject: true })
  return { data: new Uint8ClampedArray(data), height: info.height, width: info.width }
}

/** Height and width of the upright image, from its header. */
export async function measure(image: Uint8Array): Promise<Pick<Pixels, 'height' | 'width'>> {
  const { autoOrient } = await sharp(image, { failOn: 'error' }).metadata()
  return autoOrient
}

/** RGB bytes of a window, resized to `height` x `width`. */
export function decodeWindow(
  image: Uint8Array,
  { box, interpolation, mirrored }: { box: Box; interpolation: Interpolation; mirrored: boolean },
  { height, width }: Pick<Pixels, 'height' | 'width'>,
): Promise<Uint8Array> {
  const resized = open(image)
    .extract(box)
    .resize(width, height, { fit: 'fill', kernel: KERNELS[interpolation] })
  return toPixels(mirrored ? resized.flop() : resized).toBuffer()
}

/** The first line of what sharp says. */
export const reasonOf = (error: unknown): string => (error as Error).message.split('\n')[0]!
