// Turns packed bytes into a normalised, augmented batch. Pure: the same task gives the same numbers in
// any thread, and a sample's augmentation depends on (seed, epoch, index) alone.
import {
  type Augmentation,
  changesPixels,
  type SampleKey,
  streamOf,
} from './augment/augmentation.ts'
import { drawBox, drawInterpolation, type ResizedCrop } from './augment/crop.ts'
import { CHANNELS, type Pixels } from './augment/pixels.ts'
import { resizeBox } from './augment/resample.ts'
import { type Assembled, type BatchTask, keysOf } from './batch-task.ts'
import { finish, mixAndErase, normalisationTables } from './finish.ts'

/** All that is needed to assemble one batch of a packed set; crosses to the worker as a message. */
export interface AssembleTask extends BatchTask {
  images: Uint8Array<SharedArrayBuffer>
}

/** How one image is read: its top left corner after cropping (may be negative), and whether it is mirrored. */
export interface Placement {
  top: number
  left: number
  mirrored: boolean
}

const IN_PLACE: Placement = { top: 0, left: 0, mirrored: false }

/** The placement of an image. */
export function drawPlacement(
  augment: Pick<Augmentation, 'crop' | 'flip'>,
  key: SampleKey,
): Placement {
  const rng = streamOf('place', key)
  const shift = () => rng.int(2 * augment.crop + 1) - augment.crop
  return { top: shift(), left: shift(), mirrored: augment.flip && rng.chance(0.5) }
}

/** Assembles the images of `task.indices`, mixed with those of `task.partners`. */
export function assemble(task: AssembleTask): Assembled {
  const { augment } = task
  const imageLength = task.height * task.width * CHANNELS
  const keys = keysOf(task)
  const imageOf = (n: number) => {
    const { index } = keys[n]!
    return task.images.subarray(index * imageLength, (index + 1) * imageLength)
  }
  if (augment && changesPixels(augment)) {
    const { resizedCrop } = augment
    return finish(resizedCrop ? windows(task, imageOf, resizedCrop) : placed(task, imageOf), task)
  }
  // Placed and normalised in one go: this is what keeps small images fast.
  const normalised = new Float32Array(keys.length * imageLength)
  placeAll(normalised, task, imageOf, normalisationTables(task))
  return mixAndErase(normalised, task)
}

/** The bytes of the n-th image of a task: those of its indices, then those of its partners. */
type ImageOf = (n: number) => Uint8Array | Uint8ClampedArray

/** Each byte as it is, in the form of the tables that normalise. */
const BYTES = Uint8Array.from({ length: 256 * CHANNELS }, (_, i) => i & 255)

/** All images, cropped and mirrored. */
export function placed(task: BatchTask, imageOf: ImageOf): Uint8ClampedArray<ArrayBuffer> {
  const { height, width, indices, partners } = task
  const length = indices.length + (partners?.length ?? 0)
  const out = new Uint8ClampedArray(length * height * width * CHANNELS)
  placeAll(out, task, imageOf, BYTES)
  return out
}

/** Writes all images, cropped and mirrored, byte values looked up in `tables` (256 for each channel). */
function placeAll(
  out: Float32Array | Uint8ClampedArray,
  task: BatchTask,
  imageOf: ImageOf,
  tables: Float32Array | Uint8Array,
): void {
  const { augment, height, width } = task
  const length = height * width * CHANNELS
  keysOf(task).forEach((key, n) => {
    const placement = augment ? drawPlacement(augment, key) : IN_PLACE
    place(out.subarray(n * length, (n + 1) * length), imageOf(n), task, placement, tables)
  })
}

function place(
  out: Float32Array | Uint8ClampedArray,
  image: Uint8Array | Uint8ClampedArray,
  { height, width }: BatchTask,
  { top, left, mirrored }: Placement,
  tables: Float32Array | Uint8Array,
): void {
  let at = 0
  for (let y = 0; y < height; y++) {
    const row = y + top
    const rowInside = row >= 0 && row < height
    for (let x = 0; x < width; x++) {
      const column = (mirrored ? width - 1 - x : x) + left
      const inside = rowInside && column >= 0 && column < width
      const from = inside ? (row * width + column) * CHANNELS : -1
      // Outside is black before normalisation, as in torchvision, hence byte 0 of the table.
      out[at++] = tables[inside ? image[from]! : 0]!
      out[at++] = tables[256 + (inside ? image[from + 1]! : 0)]!
      out[at++] = tables[512 + (inside ? image[from + 2]! : 0)]!
    }
  }
}

/** All images, each a window of itself resized to the whole. */
function windows(
  task: BatchTask,
  imageOf: ImageOf,
  crop: ResizedCrop,
): Uint8ClampedArray<ArrayBuffer> {
  const { height, width } = task
  const imageLength = height * width * CHANNELS
  const keys = keysOf(task)
  const out = new Uint8ClampedArray(keys.length * imageLength)
  keys.forEach((key, n) => {
    const bytes = imageOf(n)
    const data = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length)
    const window = drawWindow(crop, task.augment?.flip ?? false, { height, width }, key)
    const resized = resizeBox({ data, height, width }, window.box, task, window.interpolation)
    if (window.mirrored) mirror(resized)
    out.set(resized.data, n * imageLength)
  })
  return out
}

/** A random resized crop, drawn. */
export function drawWindow(
  crop: ResizedCrop,
  flip: boolean,
  { height, width }: Pick<Pixels, 'height' | 'width'>,
  key: SampleKey,
) {
  const rng = streamOf('place', key)
  const box = drawBox(crop, height, width, rng)
  return { box, interpolation: drawInterpolation(crop, rng), mirrored: flip && rng.chance(0.5) }
}

function mirror({ data, height, width }: Pixels): void {
  const row = new Uint8ClampedArray(width * CHANNELS)
  for (let y = 0; y < height; y++) {
    row.set(data.subarray(y * row.length, (y + 1) * row.length))
    for (let x = 0; x < width; x++) {
      const from = (width - 1 - x) * CHANNELS
      data.set(row.subarray(from, from + CHANNELS), y * row.length + x * CHANNELS)
    }
  }
}
