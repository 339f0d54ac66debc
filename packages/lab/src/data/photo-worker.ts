// The worker's end of `batches` for photographs: reads and decodes the files of one batch, and either cuts
// and augments them for training, or gives them whole for evaluation.
import { open, readFile } from 'node:fs/promises'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import sharp from 'sharp'
import { drawWindow, placed } from './assemble.ts'
import type { SampleKey } from './augment/augmentation.ts'
import { CHANNELS, type Pixels } from './augment/pixels.ts'
import { type Assembled, type BatchTask, keysOf } from './batch-task.ts'
import { decodeCovering, decodeWhole, decodeWindow, measure, reasonOf } from './decode-image.ts'
import { finish } from './finish.ts'
import type { FileRange } from './types.ts'

/** A batch of photographs; with `augment` null they come back whole. */
export interface PhotoTask extends BatchTask {
  /** Those of `indices`, then those of `partners`. */
  files: readonly FileRange[]
}

/** An image that would not decode; errors lose their class between threads, so it is a value. */
export interface PhotoFailure {
  index: number
  path: string
  reason: string
}

/** What became of a batch of photographs. */
export interface PhotoResult {
  /** Places in `indices` of the images that decoded, with their partners, in order. */
  kept: number[]
  failures: PhotoFailure[]
  /** Of the images kept; null for a task without augmentation. */
  assembled: Assembled | null
  /** Of the images kept; empty for a task with augmentation. */
  whole: Pixels[]
}

/** Images decoded at once: their work runs in libuv's thread pool. */
const IN_FLIGHT = 4

sharp.concurrency(1)
sharp.cache(false)

export default async function assemblePhotos(task: PhotoTask): Promise<PhotoResult> {
  const { augment, indices, partners } = task
  const failures: PhotoFailure[] = []
  const decoded = await decodeAll(task, failures)
  const kept = Array.from(indices.keys()).filter(
    n => decoded[n] && (!partners || decoded[indices.length + n]),
  )
  const places = [...kept, ...(partners ? kept.map(n => indices.length + n) : [])]
  const images = places.map(n => decoded[n]!)
  const assembled = augment && kept.length > 0 ? assemble(images, only(kept, task)) : null
  const result = { kept, failures, assembled, whole: augment ? [] : images }
  const buffers = [
    ...(assembled ? [assembled.images] : []),
    ...result.whole.map(({ data }) => data),
  ]
  const moved = { [transferableSymbol]: buffers.map(({ buffer }) => buffer), [valueSymbol]: result }
  return move(moved) as unknown as PhotoResult
}

const only = (kept: readonly number[], task: PhotoTask): BatchTask => ({
  ...task,
  indices: Int32Array.from(kept, n => task.indices[n]!),
  partners: task.partners && Int32Array.from(kept, n => task.partners![n]!),
})

/** Every image of the task in its order, undefined where it does not decode. */
async function decodeAll(
  task: PhotoTask,
  failures: PhotoFailure[],
): Promise<(Pixels | undefined)[]> {
  const keys = keysOf(task)
  const decoded = new Array<Pixels | undefined>(keys.length)
  const queue = keys.entries()
  const lane = async () => {
    for (const [n, key] of queue) {
      try {
        decoded[n] = await decode(await bytesOf(task.files[n]!), task, key)
      } catch (error) {
        failures.push({ index: key.index, path: task.files[n]!.path, reason: reasonOf(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return decoded
}

async function bytesOf({ file, start, end }: FileRange): Promise<Uint8Array> {
  if (start === undefined || end === undefined) return readFile(file)
  const handle = await open(file)
  try {
    const bytes = new Uint8Array(end - start)
    await handle.read(bytes, 0, bytes.length, start)
    return bytes
  } finally {
    await handle.close()
  }
}

/** Whole for evaluation; a window, or the middle, in the size of the batch for training. */
async function decode(bytes: Uint8Array, task: BatchTask, key: SampleKey): Promise<Pixels> {
  const { augment, height, width } = task
  if (!augment) return decodeWhole(bytes)
  const { resizedCrop, flip } = augment
  const data = resizedCrop
    ? await decodeWindow(bytes, drawWindow(resizedCrop, flip, await measure(bytes), key), task)
    : await decodeCovering(bytes, task)
  return { data: new Uint8ClampedArray(data), height, width }
}

function assemble(images: readonly Pixels[], task: BatchTask): Assembled {
  if (!task.augment?.resizedCrop)
    return finish(
      placed(task, n => images[n]!.data),
      task,
    )
  const bytes = new Uint8ClampedArray(images.length * task.height * task.width * CHANNELS)
  images.forEach(({ data }, n) => void bytes.set(data, n * data.length))
  return finish(bytes, task)
}
