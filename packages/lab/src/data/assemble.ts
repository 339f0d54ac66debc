// Turns packed bytes into a normalised, augmented batch. Pure: the same task gives the same numbers in
// any thread, and a sample's augmentation depends on (seed, epoch, index) alone.
import { Rng } from './rng.ts'
import type { Triple } from './types.ts'

/** Training-time changes to an image, as torchvision's RandomCrop(side, padding) and RandomHorizontalFlip. */
export interface Augmentation {
  /** Black pixels added on every side before a crop to the old size; 0 for none. */
  crop: number
  /** Whether to mirror left and right with probability one half. */
  flip: boolean
}

/** All that is needed to assemble one batch; crosses to the worker as a message. */
export interface AssembleTask {
  images: Uint8Array<SharedArrayBuffer>
  height: number
  width: number
  mean: Triple
  std: Triple
  augment: Augmentation | null
  seed: number
  epoch: number
  indices: Int32Array
}

/** How one image is read: its top left corner after cropping (may be negative), and whether it is mirrored. */
export interface Placement {
  top: number
  left: number
  mirrored: boolean
}

const IN_PLACE: Placement = { top: 0, left: 0, mirrored: false }
const CHANNELS = 3
const AUGMENTATION_STREAM = 0xa119

/** The placement of image `index` of the set in `epoch`. */
export function drawPlacement(
  augment: Augmentation,
  seed: number,
  epoch: number,
  index: number,
): Placement {
  const rng = new Rng(seed, AUGMENTATION_STREAM, epoch, index)
  const shift = () => rng.int(2 * augment.crop + 1) - augment.crop
  return { top: shift(), left: shift(), mirrored: augment.flip && rng.chance(0.5) }
}

/** Assembles the images of `task.indices`: NHWC float32, `(pixel / 255 - mean) / std`. */
export function assemble(task: AssembleTask): Float32Array<ArrayBuffer> {
  const { augment, indices, height, width, seed, epoch } = task
  const tables = normalisationTables(task.mean, task.std)
  const imageLength = height * width * CHANNELS
  const out = new Float32Array(indices.length * imageLength)
  for (let n = 0; n < indices.length; n++) {
    const index = indices[n]!
    const placement = augment ? drawPlacement(augment, seed, epoch, index) : IN_PLACE
    const image = task.images.subarray(index * imageLength, (index + 1) * imageLength)
    place(out.subarray(n * imageLength, (n + 1) * imageLength), image, task, placement, tables)
  }
  return out
}

/**
 * The normalised value of each byte, 256 per channel: a look-up costs less than the arithmetic. A channel
 * that never varies is only centred.
 */
function normalisationTables(mean: Triple, std: Triple): Float32Array {
  return Float32Array.from({ length: 256 * CHANNELS }, (_, i) => {
    const channel = i >> 8
    return ((i & 255) / 255 - mean[channel]!) / (std[channel]! || 1)
  })
}

function place(
  out: Float32Array,
  image: Uint8Array,
  { height, width }: AssembleTask,
  { top, left, mirrored }: Placement,
  tables: Float32Array,
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
