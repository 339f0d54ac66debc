// An image and the map of its pixels, moved alike: scaled, mirrored, and cut to a window. Colours are read
// between pixels, classes and depths never, since there is nothing between two classes, and the mean of
// near and far is neither.
import { type SampleKey, streamOf } from '../augment/augmentation.ts'
import { CHANNELS, type Pixels } from '../augment/pixels.ts'
import { resizeBox } from '../augment/resample.ts'
import type { BatchTask } from '../batch-task.ts'
import type { Rng } from '../rng.ts'
import type { DenseSet } from '../types.ts'
import type { DenseSample, PixelMap } from './sample.ts'

/** The class of pixels that have none; their depth is 0. */
export const UNKNOWN = 255

/** A map of `length` pixels that are not known. */
export const emptyMap = (maps: DenseSet['maps'], length: number): PixelMap =>
  maps === 'classes' ? new Uint8Array(length).fill(UNKNOWN) : new Float32Array(length)

/** A size in pixels. */
type Size = Pick<Pixels, 'height' | 'width'>

/** How a sample is seen. */
export interface DenseView {
  /** That it is resized to. */
  size: Size
  /** How much larger than usual that is: what is seen seems that much nearer. */
  zoom: number
  /** Top left corner of the window in the scaled image; negative where the image is smaller. */
  top: number
  left: number
  mirrored: boolean
}

/** The middle of an image of the usual size. */
export const middleOf = (image: Size, window: Size): DenseView => ({
  size: image,
  zoom: 1,
  top: Math.floor((image.height - window.height) / 2),
  left: Math.floor((image.width - window.width) / 2),
  mirrored: false,
})

/**
 * A random scale, place and side, for an image of the usual size: the window lies inside of a larger image,
 * around a smaller one.
 */
export function drawView(
  image: Size,
  { augment, height, width }: Pick<BatchTask, 'augment' | 'height' | 'width'>,
  key: SampleKey,
): DenseView {
  const rng = streamOf('place', key)
  const [least = 1, greatest = 1] = augment?.scale ?? []
  const zoom = rng.uniform(least, greatest)
  const size = scaledSize(image, zoom)
  const top = drawOffset(size.height - height, rng)
  const left = drawOffset(size.width - width, rng)
  return { size, zoom, top, left, mirrored: augment?.flip === true && rng.chance(0.5) }
}

/** From 0 to `room`, which may be negative, both included. */
const drawOffset = (room: number, rng: Rng): number =>
  room < 0 ? -rng.int(1 - room) : rng.int(1 + room)

/** The size times `scale`, in whole pixels. */
export const scaledSize = ({ height, width }: Size, scale: number): Size => ({
  height: Math.max(1, Math.round(height * scale)),
  width: Math.max(1, Math.round(width * scale)),
})

/** The sample in another size; values of the map are those of the nearest pixel. */
export function resizeSample({ image, map }: DenseSample, size: Size): DenseSample {
  if (size.height === image.height && size.width === image.width) return { image, map }
  const whole = { top: 0, left: 0, height: image.height, width: image.width }
  const out = emptyMap(map instanceof Uint8Array ? 'classes' : 'depths', size.height * size.width)
  const columns = Int32Array.from({ length: size.width }, (_, x) =>
    Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / size.width)),
  )
  for (let y = 0, at = 0; y < size.height; y++) {
    const row = Math.min(image.height - 1, Math.floor(((y + 0.5) * image.height) / size.height))
    for (let x = 0; x < size.width; x++) out[at++] = map[row * image.width + columns[x]!]!
  }
  return { image: resizeBox(image, whole, size, 'bilinear'), map: out }
}

/** Where a window goes. */
export interface DenseWindow extends Size {
  /** `height * width * 3` bytes. */
  pixels: Uint8ClampedArray
  /** `height * width` values. */
  map: PixelMap
}

/**
 * Writes the window of a resized sample that a view says. Pixels outside of the image have the colour
 * `outside`; values there stay what they are in `window`.
 */
export function cutWindow(
  { image, map }: DenseSample,
  { top, left, mirrored }: Pick<DenseView, 'top' | 'left' | 'mirrored'>,
  window: DenseWindow,
  outside: readonly number[],
): void {
  const { height, width } = window
  for (let y = 0, at = 0; y < height; y++) {
    const row = y + top
    for (let x = 0; x < width; x++, at++) {
      const column = (mirrored ? width - 1 - x : x) + left
      const inside = row >= 0 && row < image.height && column >= 0 && column < image.width
      const from = row * image.width + column
      if (inside) window.map[at] = map[from]!
      for (let c = 0; c < CHANNELS; c++)
        window.pixels[at * CHANNELS + c] = inside ? image.data[from * CHANNELS + c]! : outside[c]!
    }
  }
}
