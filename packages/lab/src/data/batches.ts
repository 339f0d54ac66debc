// The trainer's view of a data set: seeded epochs of batches, assembled in a worker while the trainer
// computes. Must not decode files: the whole set is already in shared memory.
import { Piscina } from 'piscina'
import type { AssembleTask, Augmentation } from './assemble.ts'
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
}

/** Batches in the making beyond the one the trainer holds. */
const PREFETCH = 2
const ORDER_STREAM = 0x07de7

let pool: Piscina<AssembleTask, Float32Array> | undefined

/** One assembling thread for the process: started at the first batch, idle threads do not keep Node alive. */
function assembler(): Piscina<AssembleTask, Float32Array> {
  if (pool) return pool
  pool = new Piscina<AssembleTask, Float32Array>({
    filename: new URL('./batch-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
  })
  // A failed task rejects its own promise; without a listener Node would also end the process.
  pool.on('error', () => {})
  return pool
}

/**
 * Iterates over one epoch of a split, at most two batches ahead of the consumer. Leaving the loop early
 * is safe: batches in the making are dropped.
 *
 * @throws DataError when `batchSize` is not a positive integer
 */
export async function* batches(
  data: ImageData,
  split: Split,
  options: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  const pending: Promise<Batch>[] = []
  for (const indices of epochIndices(data[split].length, options)) {
    const batch = assembleBatch(data, split, options, indices)
    // The consumer may leave before it awaits this one; a failure it does await still reaches it.
    batch.catch(() => {})
    pending.push(batch)
    if (pending.length > PREFETCH) yield pending.shift()!
  }
  yield* pending
}

async function assembleBatch(
  data: ImageData,
  split: Split,
  { augment, seed, epoch }: BatchOptions,
  indices: Int32Array,
): Promise<Batch> {
  const { height, width, mean, std } = data
  const { images: packed, labels } = data[split]
  const images = await assembler().run({
    images: packed,
    height,
    width,
    mean,
    std,
    augment,
    seed,
    epoch,
    indices,
  })
  return { images, labels: indices.map(i => labels[i]!), size: indices.length, indices }
}

/** The sample numbers of each batch of an epoch, in order. */
export function* epochIndices(
  length: number,
  options: Omit<BatchOptions, 'augment'>,
): Generator<Int32Array> {
  const { batchSize, seed, epoch, shuffle, dropLast } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DataError(
      `Expected a positive integer for \`batchSize\` but received ${batchSize}. Common sizes are 32 to 1024.`,
    )
  }
  const order = shuffle
    ? permutation(length, new Rng(seed, ORDER_STREAM, epoch))
    : Int32Array.from({ length }, (_, i) => i)
  const end = dropLast ? length - (length % batchSize) : length
  for (let at = 0; at < end; at += batchSize) yield order.slice(at, at + batchSize)
}
