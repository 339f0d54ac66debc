// Decodes a stream of encoded images into shared memory with a pool of workers, reading no further ahead
// than the workers can use.
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import type { DecodeFailure, DecodeItem, DecodeTask } from './decode-worker.ts'
import { DataError } from './errors.ts'
import type { TreeFile } from './file-tree.ts'

/** Where the pixels of one image go. */
export interface Slot {
  target: Uint8Array<SharedArrayBuffer>
  offset: number
  /** Of the image in its split, for messages. */
  index: number
}

export interface DecodeRequest {
  files: AsyncIterable<TreeFile>
  slotOf: (path: string) => Slot
  /** Side in pixels of every decoded image. */
  side: number
  /** The folder or archive, for messages. */
  where: string
  /** Called with the number of images decoded so far. */
  onDecoded: (done: number) => void
  /** Whether to go on after an image that does not decode. */
  skips: boolean
  signal?: AbortSignal
}

type Pool = Piscina<DecodeTask, DecodeFailure[]>

/** A task is closed at whichever comes first: small images share the cost of a message, large ones spread. */
const IMAGES_PER_TASK = 128
const BYTES_PER_TASK = 1 << 20

/**
 * Decodes every file into its slot; gives the slots that stayed empty because their image was skipped.
 *
 * @throws DataError naming the first image found that does not decode, unless such are skipped
 */
export async function decodeInto(request: DecodeRequest): Promise<Slot[]> {
  const threads = availableParallelism()
  const filename = new URL('./decode-worker.js', import.meta.url).href
  const pool: Pool = new Piscina({ filename, maxThreads: threads })
  // Failures reach us through each task's promise; without a listener Node would also end the process.
  pool.on('error', () => {})
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  try {
    return await feed(pool, request, cancelled, 2 * threads)
  } finally {
    Atomics.store(cancelled, 0, 1)
    await pool.close()
  }
}

async function feed(
  pool: Pool,
  request: DecodeRequest,
  cancelled: DecodeTask['cancelled'],
  maxRunning: number,
): Promise<Slot[]> {
  const running = new Set<Promise<void>>()
  const empty: Slot[] = []
  let done = 0
  for await (const chunk of chunks(request)) {
    request.signal?.throwIfAborted()
    const run = decodeChunk(pool, chunk, request, cancelled).then(failed => {
      empty.push(...failed)
      done += chunk.length
      request.onDecoded(done)
      running.delete(run)
    })
    // Awaited below; until then an early failure must not count as unhandled.
    run.catch(() => {})
    running.add(run)
    if (running.size >= maxRunning) await Promise.race(running)
  }
  await Promise.all(running)
  request.signal?.throwIfAborted()
  return empty
}

/** Files gathered into tasks' worth, all of one target. */
async function* chunks({ files, slotOf }: DecodeRequest): AsyncGenerator<TreeFile[]> {
  let chunk: TreeFile[] = []
  let bytes = 0
  for await (const file of files) {
    const changesTarget = chunk[0] && slotOf(chunk[0].path).target !== slotOf(file.path).target
    if (changesTarget || chunk.length === IMAGES_PER_TASK || bytes >= BYTES_PER_TASK) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(file)
    bytes += file.bytes.length
  }
  if (chunk.length > 0) yield chunk
}

async function decodeChunk(
  pool: Pool,
  chunk: readonly TreeFile[],
  { slotOf, side, where, skips }: DecodeRequest,
  cancelled: DecodeTask['cancelled'],
): Promise<Slot[]> {
  // One buffer of our own can be moved to the worker; those of a stream may share a slab.
  const bytes = new Uint8Array(chunk.reduce((sum, file) => sum + file.bytes.length, 0))
  const items: DecodeItem[] = []
  let end = 0
  for (const file of chunk) {
    const start = end
    bytes.set(file.bytes, start)
    end += file.bytes.length
    const { offset, index } = slotOf(file.path)
    items.push({ path: file.path, start, end, offset, index })
  }
  const { target } = slotOf(chunk[0]!.path)
  const task: DecodeTask = { bytes, items, target, side, skips, cancelled }
  const failures = await pool.run(task, { transferList: [bytes.buffer] })
  if (failures[0] && !skips) throw undecodable(failures[0], where)
  return failures.map(({ offset, index }) => ({ target, offset, index }))
}

/** What stops a load or a batch at an image. */
export const undecodable = (
  { path, index, reason }: Pick<DecodeFailure, 'path' | 'index' | 'reason'>,
  where: string,
): DataError =>
  new DataError(
    `Expected an image that decodes but received a damaged or unknown file (${path}, number ${index} of its split, in ${where}: ${reason}). Replace or remove it, or add corrupt=skip to the data.`,
  )
