// The trainer's view of a data set: seeded epochs of batches, assembled in workers while the trainer
// computes.
import { Piscina } from 'piscina'
import type { AssembleTask } from './assemble.ts'
import type { Augmentation } from './augment/augmentation.ts'
import type { Assembled, BatchTask } from './batch-task.ts'
import { DataError } from './errors.ts'
import { permutation, Rng } from './rng.ts'
import type { ImageData, Split } from './types.ts'

/** One batch. Its arrays belong to the caller. */
export interface Batch {
  /** `size * height * width * 3` float32, NHWC, normalised with the train split's mean and deviation. */
  readonly images: Float32Array
  /** `size` class numbers. */
  readonly labels: Int32Array
  readonly size: number
  /** Where each sample stands in its split. */
  readonly indices: Int32Array
  /** What each image was mixed with (MixUp, CutMix); null when nothing was mixed. */
  readonly mixed: MixedLabels | null
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
  /** Threads that assemble; the batches are the same with any number. Default 1. */
  workers?: number
}

const ORDER_STREAM = 0x07de7
const PARTNER_STREAM = 0x9a127

const pools = new Map<number, Piscina<AssembleTask, Assembled>>()

/** Assembling threads of the process: started at the first batch, idle threads do not keep Node alive. */
function assemblers(workers: number): Piscina<AssembleTask, Assembled> {
  const existing = pools.get(workers)
  if (existing) return existing
  const pool = new Piscina<AssembleTask, Assembled>({
    filename: new URL('./batch-worker.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
  })
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
  const { workers = 1 } = options
  requireCount('workers', workers, 'It is a number of threads.')
  const pending: Promise<Batch>[] = []
  const partners = partnersOf(length, options)
  for (const indices of epochIndices(length, options)) {
    const batch = assembleBatch(data, split, options, indices, partners(indices.length))
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

async function assembleBatch(
  data: ImageData,
  split: Split,
  { augment, seed, epoch, workers = 1 }: BatchOptions,
  indices: Int32Array,
  partners: Int32Array | null,
): Promise<Batch> {
  const { height, width, mean, std } = data
  const { images: packed, labels } = data[split]
  const task: BatchTask = { height, width, mean, std, augment, seed, epoch, indices, partners }
  const { images, weights } = await assemblers(workers).run({ ...task, images: packed })
  const labelsOf = (samples: Int32Array) => samples.map(i => labels[i]!)
  const own = labelsOf(indices)
  const mixed = weights && { weights, partners: partners ? labelsOf(partners) : own.toReversed() }
  return { images, labels: own, size: indices.length, indices, mixed }
}

/** The sample numbers of each batch of an epoch, in order. */
export function* epochIndices(
  length: number,
  options: Omit<BatchOptions, 'augment' | 'workers'>,
): Generator<Int32Array> {
  const { batchSize, seed, epoch, shuffle, dropLast } = options
  requireCount('batchSize', batchSize, 'Common sizes are 32 to 1024.')
  const order = shuffle
    ? permutation(length, new Rng(seed, ORDER_STREAM, epoch))
    : Int32Array.from({ length }, (_, i) => i)
  const end = dropLast ? length - (length % batchSize) : length
  for (let at = 0; at < end; at += batchSize) yield order.slice(at, at + batchSize)
}

function requireCount(name: string, value: number, hint: string): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new DataError(`Expected a positive integer for \`${name}\` but received ${value}. ${hint}`)
}
