// The worker's end of `decodeInto`: encoded images in, pixels written straight into the shared set.
import sharp from 'sharp'
import { decodeCovering, reasonOf } from './decode-image.ts'

/** Where one encoded image lies in the task's bytes, and where its pixels go in the set. */
export interface DecodeItem {
  path: string
  start: number
  end: number
  offset: number
  /** Of the image in its split, for messages. */
  index: number
}

export interface DecodeTask {
  bytes: Uint8Array<ArrayBuffer>
  items: DecodeItem[]
  target: Uint8Array<SharedArrayBuffer>
  side: number
  /** Whether to go on after an image that does not decode. */
  skips: boolean
  /** Non-zero once the load has been given up: a running task stops at its next image. */
  cancelled: Int32Array<SharedArrayBuffer>
}

/** An image that would not decode; errors lose their class between threads, so it is a value. */
export interface DecodeFailure {
  path: string
  index: number
  offset: number
  reason: string
}

/** Images of a task that are decoded at once: their work runs in libuv's thread pool. */
const IN_FLIGHT = 4

sharp.concurrency(1)
sharp.cache(false)

export default async function decodeTask(task: DecodeTask): Promise<DecodeFailure[]> {
  const queue = task.items.values()
  const failures: DecodeFailure[] = []
  await Promise.all(Array.from({ length: IN_FLIGHT }, () => decodeQueue(queue, task, failures)))
  return failures
}

async function decodeQueue(
  queue: Iterable<DecodeItem>,
  task: DecodeTask,
  failures: DecodeFailure[],
): Promise<void> {
  const size = { height: task.side, width: task.side }
  for (const { path, index, start, end, offset } of queue) {
    if (Atomics.load(task.cancelled, 0) !== 0) return
    try {
      task.target.set(await decodeCovering(task.bytes.subarray(start, end), size), offset)
    } catch (error) {
      failures.push({ path, index, offset, reason: reasonOf(error) })
      if (!task.skips) return
    }
  }
}
