// Making image sets and measuring them. Must not know where the pixels come from.
import { DataError } from './errors.ts'
import type { ImageData, ImageSet, Triple } from './types.ts'

const CHANNELS = 3

/**
 * An all-black set of `labels.length` images of `side` x `side` pixels.
 *
 * @throws DataError when the machine cannot give that much shared memory
 */
export function emptyImageSet(labels: Int32Array, side: number, where: string): ImageSet {
  const bytes = labels.length * side * side * CHANNELS
  try {
    return { length: labels.length, images: new Uint8Array(new SharedArrayBuffer(bytes)), labels }
  } catch (cause) {
    const gigabytes = (bytes / 1e9).toFixed(1)
    throw new DataError(
      `Expected a set that fits into memory for \`data\` but received ${labels.length} images of ${side}x${side} pixels, ${gigabytes} GB (${where}). Take fewer images or a smaller image size.`,
      { cause },
    )
  }
}

/**
 * The set without the images of the numbers `gone`.
 *
 * @throws DataError when none is left
 */
export function withoutImages(set: ImageSet, gone: readonly number[], where: string): ImageSet {
  if (gone.length === 0) return set
  if (gone.length === set.length) {
    throw new DataError(
      `Expected images that decode but received ${set.length} damaged ones and no other (${where}). Check the files.`,
    )
  }
  const bytes = set.images.length / set.length
  const skipped = new Set(gone)
  const kept = Array.from({ length: set.length }, (_, i) => i).filter(i => !skipped.has(i))
  const images = new Uint8Array(new SharedArrayBuffer(kept.length * bytes))
  kept.forEach((from, to) => {
    images.set(set.images.subarray(from * bytes, (from + 1) * bytes), to * bytes)
  })
  return { length: kept.length, images, labels: Int32Array.from(kept, i => set.labels[i]!) }
}

/** Mean and population standard deviation of each channel, pixels scaled to 0..1; exact up to the last division. */
export function channelStatistics(images: Uint8Array): Pick<ImageData, 'mean' | 'std'> {
  const counts = Array.from({ length: CHANNELS }, () => new Float64Array(256))
  const [red, green, blue] = counts as [Float64Array, Float64Array, Float64Array]
  for (let i = 0; i < images.length; i += CHANNELS) {
    red[images[i]!]!++
    green[images[i + 1]!]!++
    blue[images[i + 2]!]!++
  }
  const moments = counts.map(momentsOfHistogram)
  return {
    mean: moments.map(m => m.mean) as unknown as Triple,
    std: moments.map(m => m.std) as unknown as Triple,
  }
}

function momentsOfHistogram(counts: Float64Array): { mean: number; std: number } {
  const n = counts.reduce((sum, count) => sum + count, 0)
  const sum = counts.reduce((acc, count, value) => acc + count * value, 0)
  const squares = counts.reduce((acc, count, value) => acc + count * value * value, 0)
  const mean = sum / n
  return { mean: mean / 255, std: Math.sqrt(Math.max(0, squares / n - mean * mean)) / 255 }
}
