// The trainer's view of a data set: seeded epochs of batches, assembled in workers while the trainer
// computes.
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import type { AssembleTask } from './assemble.ts'
import type { Augmentation } from './augment/augmentation.ts'
import type { Assembled, BatchTask } from './batch-task.ts'
import { assembleDense, type DenseResult, type DenseTask } from './dense/batch.ts'
import type { PixelMap } from './dense/sample.ts'
import { DataError } from './errors.ts'
import type { PhotoResult, PhotoTask } from './photo-worker.ts'
import { assemblePhotos, type View } from './photos.ts'
import { permutation, Rng } from './rng.ts'
import type { DenseSet, FileSet, ImageData, ImageSet, SampleSet, Split } from './types.ts'

/** One batch. Its arrays belong to the caller. */
export interface Batch {
  /** `size * height * width * 3` float32, NHWC, normalised with the train split's mean and deviation. */
  readonly images: Float32Array
  /** `size` class numbers; none where pixels have values instead. */
  readonly labels: Int32Array
  /**
   * `size * height * width` class numbers, 255 for none (bytes), or depths in metres, 0 for none (float32);
   * left out where images have labels instead.
   */
  readonly map?: PixelMap
  readonly size: number
  /** Where each sample stands in its split. */
  readonly indices: Int32Array
  /** What each image was mixed with (MixUp, CutMix); null when nothing was mixed. */
  readonly mixed: MixedLabels | null
  /** Images that did not decode and were left out, where the data say so. */
  readonly skipped: number
}

/** Labels of mixed images: `weights[i]` of class `labels[i]`, and the rest of the partner's. */
export interface MixedLabels {
  /** `size` class numbers, those of the second images. */
  readonly partners: Int32Array
  /** `size` shares of the first images, 0 to 1. */
  readonly weights: Float32Array
}

/** How one epoch of a split is cut into batches: see {@link batches}. */
export interface BatchOptions {
  batchSize: number
  /** Seed of the order and of the augmentation. */
  seed: number
  /** Each epoch has its own order and its own augmentation. */
  epoch: number
  /** `null` for images as they are. */
  augment: Augmentation | null
  /** Whether to draw the order from (seed, epoch); otherwise the order of the set. */
  shuffle: boolean
  /** Whether to leave out a last batch smaller than `batchSize`. */
  dropLast: boolean
  /**
   * Threads that assemble; the batches are the same with any number. Default 1, and half of the CPUs where
   * images are read for each batch.
   */
  workers?: number
  /** Batches of the epoch to leave out at its start; those after them are as with all. Default 0. */
  start?: number
  /** How photographs in files are seen without augmentation. Default: the middle 87.5% of the shorter side. */
  view?: View
}

const ORDER_STREAM = 0x07de7
const PARTNER_STREAM = 0x9a127

const pools = new Map<number, Piscina>()
const workerFile = (name: string): string => new URL(name, import.meta.url).href
const PACKED = workerFile('./batch-worker.js')
const PHOTOS = workerFile('./photo-worker.js')
const DENSE = workerFile('./dense/worker.js')

/** Assembling threads of the process: started at the first batch, idle threads do not keep Node alive. */
function assemblers(workers: number): Piscina {
  const existing = pools.get(workers)
  if (existing) return existing
  const pool = new Piscina({ filename: PACKED, minThreads: workers, maxThreads: workers })
  // A failed task rejects its own promise; without a listener Node would also end the process.
  pool.on('error', () => {})
  pools.set(workers, pool)
  return pool
}

/**
 * Iterates over one epoch of a split, assembling one batch more than there are workers ahead of the
 * consumer. Leaving the loop early is safe: batches in the making are dropped.
 *
 * @throws DataError when `batchSize` or `workers` is not a positive integer
 */
export async function* batches(
  data: ImageData,
  split: Split,
  options: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { length } = data[split]
  const workers = options.workers ?? defaultWorkers(data[split])
  requireCount('workers', workers, 'It is a number of threads.')
  const pending: Promise<Batch>[] = []
  const partners = partnersOf(length, options)
  // The left out batches' second images are drawn from one order with the others.
  partners((options.start ?? 0) * options.batchSize)
  for (const indices of epochIndices(length, options)) {
    const batch = assembleBatch(
      data,
      split,
      { ...options, workers },
      indices,
      partners(indices.length),
    )
    // The consumer may leave before it awaits this one; a failure it does await still reaches it.
    batch.catch(() => {})
    pending.push(batch)
    if (pending.length > workers + 1) yield pending.shift()!
  }
  yield* pending
}

/** Second images of DeepMind's mix: the epoch in an order of its own, as many at a time as are asked for. */
function partnersOf(
  length: number,
  { augment, seed, epoch }: BatchOptions,
): (count: number) => Int32Array | null {
  if (augment?.mix?.kind !== 'deepmind') return () => null
  const order = permutation(length, new Rng(seed, PARTNER_STREAM, epoch))
  let at = 0
  return count => {
    at += count
    return order.slice(at - count, at)
  }
}

const defaultWorkers = (set: ImageSet | FileSet | DenseSet): number =>
  'images' in set ? 1 : Math.max(1, Math.floor(availableParallelism() / 2))

async function assembleBatch(
  data: ImageData,
  split: Split,
  { augment, seed, epoch, workers, view }: BatchOptions & { workers: number },
  indices: Int32Array,
  partners: Int32Array | null,
): Promise<Batch> {
  const { height, width, mean, std } = data
  const set = data[split]
  const pool = assemblers(workers)
  const task: BatchTask = { height, width, mean, std, augment, seed, epoch, indices, partners }
  if ('images' in set) {
    const assembled: Assembled = await pool.run({ ...task, images: set.images } as AssembleTask)
    return batchOf(assembled, set, indices, partners)
  }
  if ('places' in set) {
    const run = (dense: DenseTask): Promise<DenseResult> => pool.run(dense, { filename: DENSE })
    return assembleDense(set, task, run)
  }
  const run = (photos: PhotoTask): Promise<PhotoResult> => pool.run(photos, { filename: PHOTOS })
  const { kept, ...assembled } = await assemblePhotos(set, task, view, run)
  const left = (samples: Int32Array) => Int32Array.from(kept, n => samples[n]!)
  const batch = batchOf(assembled, set, left(indices), partners && left(partners))
  return { ...batch, skipped: indices.length - kept.length }
}

function batchOf(
  { images, weights }: Assembled,
  { labels }: SampleSet,
  indices: Int32Array,
  partners: Int32Array | null,
): Batch {
  const labelsOf = (samples: Int32Array) => samples.map(i => labels[i]!)
  const own = labelsOf(indices)
  const mixed = weights && { weights, partners: partners ? labelsOf(partners) : own.toReversed() }
  return { images, labels: own, size: indices.length, indices, mixed, skipped: 0 }
}

/** The sample numbers of each batch of an epoch, in order. */
export function* epochIndices(
  length: number,
  options: Omit<BatchOptions, 'augment' | 'workers' | 'view'>,
): Generator<Int32Array> {
  const { batchSize, seed, epoch, shuffle, dropLast, start = 0 } = options
  requireCount('batchSize', batchSize, 'Common sizes are 32 to 1024.')
  const order = shuffle
    ? permutation(length, new Rng(seed, ORDER_STREAM, epoch))
    : Int32Array.from({ length }, (_, i) => i)
  const end = dropLast ? length - (length % batchSize) : length
  for (let at = start * batchSize; at < end; at += batchSize) yield order.slice(at, at + batchSize)
}

function requireCount(name: string, value: number, hint: string): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new DataError(`Expected a positive integer for \`${name}\` but received ${value}. ${hint}`)
}
