// The worker's end of `decodeInto`: encoded images in, pixels written straight into the shared set.
import sharp from 'sharp'

/** Where one encoded image lies in the task's bytes, and where its pixels go in the set. */
export interface DecodeItem {
  path: string
  start: number
  end: number
  offset: number
}

export interface DecodeTask {
  bytes: Uint8Array<ArrayBuffer>
  items: DecodeItem[]
  target: Uint8Array<SharedArrayBuffer>
  side: number
  /** Non-zero once the load has been given up: a running task stops at its next image. */
  cancelled: Int32Array<SharedArrayBuffer>
}

/** An image that would not decode; errors lose their class between threads, so it is a value. */
export interface DecodeFailure {
  path: string
  reason: string
}

/** Images of a task that are decoded at once: their work runs in libuv's thread pool. */
const IN_FLIGHT = 4

sharp.concurrency(1)
sharp.cache(false)

export default async function decodeTask(task: DecodeTask): Promise<DecodeFailure | null> {
  const queue = task.items.values()
  const lanes = Array.from({ length: IN_FLIGHT }, () => decodeQueue(queue, task))
  return (await Promise.all(lanes)).find(failure => failure !== null) ?? null
}

async function decodeQueue(
  queue: Iterable<DecodeItem>,
  task: DecodeTask,
): Promise<DecodeFailure | null> {
  for (const item of queue) {
    if (Atomics.load(task.cancelled, 0) !== 0) return null
    try {
      const pixels = await decode(task.bytes.subarray(item.start, item.end), task.side)
      task.target.set(pixels, item.offset)
    } catch (error) {
      return { path: item.path, reason: (error as Error).message.split('\n')[0]! }
    }
  }
  return null
}

/** RGB bytes: the shorter side resized to `side`, the middle kept; transparency dropped, greys spread. */
function decode(image: Uint8Array, side: number): Promise<Uint8Array> {
  return sharp(image, { failOn: 'error' })
    .resize(side, side, { fit: 'cover' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer()
}
