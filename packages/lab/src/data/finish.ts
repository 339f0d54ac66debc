// What happens to the images of a batch once they are cut out, whatever they came from: colours, mixing,
// normalising, erasing.
import {
  augmentBytes,
  augmentMixed,
  augmentsLate,
  eraseParts,
  streamOf,
} from './augment/augmentation.ts'
import { type DrawnMix, drawBatch, drawOne, mixInto } from './augment/mix.ts'
import { CHANNELS } from './augment/pixels.ts'
import { type Assembled, type BatchTask, keysOf } from './batch-task.ts'

/** Images as bytes or as normalised numbers, one after the other. */
type Images = Float32Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>

const imageLength = ({ height, width }: BatchTask): number => height * width * CHANNELS

/** The n-th image of several, in place. */
const nth = <T extends Images>(images: T, n: number, length: number): T =>
  images.subarray(n * length, (n + 1) * length) as T

/** Colours, mixing, normalising and erasing of the cut-out images: those of `indices`, then the partners. */
export function finish(bytes: Uint8ClampedArray<ArrayBuffer>, task: BatchTask): Assembled {
  const { augment, height, width } = task
  if (!augment) return { images: normalise(bytes, task), weights: null }
  const length = imageLength(task)
  const image = (images: Uint8ClampedArray<ArrayBuffer>, n: number) => ({
    ...{ data: nth(images, n, length), height, width },
  })
  const keys = keysOf(task)
  keys.forEach((key, n) => void augmentBytes(image(bytes, n), augment, key))
  if (!augmentsLate(augment)) return mixAndErase(normalise(bytes, task), task)
  const { images, weights } = mix(bytes, task)
  task.indices.forEach((_, n) => void augmentMixed(image(images, n), augment, keys[n]!))
  return { images: erased(normalise(images, task), task), weights }
}

/** Mixing and erasing of normalised images. */
export function mixAndErase(normalised: Float32Array<ArrayBuffer>, task: BatchTask): Assembled {
  const { images, weights } = mix(normalised, task)
  return { images: erased(images, task), weights }
}

function mix<T extends Images>(
  all: T,
  task: BatchTask,
): { images: T; weights: Assembled['weights'] } {
  const draws = drawMix(task)
  if (!draws) return { images: all, weights: null }
  const { indices, partners, width } = task
  const length = imageLength(task)
  const size = indices.length
  const images = all.slice(0, size * length) as T
  for (const [n, draw] of draws.entries()) {
    const partner = partners ? size + n : size - 1 - n
    mixInto(nth(images, n, length), nth(all, n, length), nth(all, partner, length), draw, width)
  }
  return { images, weights: Float32Array.from(draws, draw => draw.weight) }
}

/** What happens to each image of the batch; null when it is not mixed at all. */
function drawMix({ augment, indices, height, width, ...run }: BatchTask): DrawnMix[] | null {
  const settings = augment?.mix ?? { kind: 'none' }
  if (settings.kind === 'none') return null
  const size = indices.length
  const rngOf = (index: number) => streamOf('blend', { ...run, index, isPartner: false })
  if (settings.kind === 'deepmind')
    return Array.from(indices, (index, at) =>
      drawOne(settings, { at, size }, height, width, rngOf(index)),
    )
  const draw = drawBatch(settings, height, width, rngOf(indices[0]!))
  return Array.from(indices, () => draw)
}

function erased(images: Float32Array<ArrayBuffer>, task: BatchTask): Float32Array<ArrayBuffer> {
  const { augment } = task
  if (!augment?.erase) return images
  const length = imageLength(task)
  for (const [n, key] of keysOf({ ...task, partners: null }).entries())
    eraseParts(nth(images, n, length), augment, task, key)
  return images
}

function normalise(bytes: Uint8ClampedArray, task: BatchTask): Float32Array<ArrayBuffer> {
  const tables = normalisationTables(task)
  const out = new Float32Array(bytes.length)
  for (let at = 0; at < out.length; ) {
    for (let channel = 0; channel < 256 * CHANNELS; channel += 256, at++)
      out[at] = tables[channel + bytes[at]!]!
  }
  return out
}

/**
 * The normalised value of each byte, 256 per channel: a look-up costs less than the arithmetic. A channel
 * that never varies is only centred.
 */
export function normalisationTables({ mean, std }: Pick<BatchTask, 'mean' | 'std'>): Float32Array {
  return Float32Array.from({ length: 256 * CHANNELS }, (_, i) => {
    const channel = i >> 8
    return ((i & 255) / 255 - mean[channel]!) / (std[channel]! || 1)
  })
}
