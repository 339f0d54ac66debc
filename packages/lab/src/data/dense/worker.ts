// The worker's end of `batches` for images with maps: reads the samples of one batch, moves each image and
// its map alike, and hands their memory over without a copy.
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { CHANNELS } from '../augment/pixels.ts'
import { keysOf } from '../batch-task.ts'
import { DataError } from '../errors.ts'
import { finish } from '../finish.ts'
import type { DensePlace } from '../types.ts'
import type { DenseResult, DenseTask } from './batch.ts'
import { cutWindow, drawView, emptyMap, middleOf, resizeSample, scaledSize } from './geometry.ts'
import type { NyuFile } from './nyu-file.ts'
import type { DenseSample, PixelMap } from './sample.ts'
import { readVoc } from './voc.ts'

export default async function assembleDense(task: DenseTask): Promise<DenseResult> {
  const { indices, height, width, maps } = task
  const area = height * width
  const bytes = new Uint8ClampedArray(indices.length * area * CHANNELS)
  const map = emptyMap(maps, indices.length * area)
  const kept: number[] = []
  const failures: string[] = []
  for (const n of indices.keys()) {
    try {
      const sample = await read(task.places[n]!, indices[n]!)
      const to = kept.length * area
      const pixels = bytes.subarray(to * CHANNELS, (to + area) * CHANNELS)
      place(sample, n, task, pixels, map.subarray(to, to + area))
      kept.push(n)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      failures.push(error.message)
    }
  }
  const end = kept.length * area
  const left = { ...task, indices: Int32Array.from(kept, n => indices[n]!) }
  const { images } = finish(bytes.subarray(0, end * CHANNELS), left)
  const result: DenseResult = { kept, failures, images, map: map.subarray(0, end) }
  const buffers = [images.buffer, result.map.buffer]
  const moved = { [transferableSymbol]: buffers, [valueSymbol]: result }
  return move(moved) as unknown as DenseResult
}

/** One sample, moved as augmentation or evaluation wants it. */
function place(
  sample: DenseSample,
  n: number,
  task: DenseTask,
  pixels: Uint8ClampedArray,
  map: PixelMap,
): void {
  const { height, width, mean, augment } = task
  const from = task.places[n]!
  const usual = from.kind === 'nyu' ? scaledSize(sample.image, from.scale) : sample.image
  const view = augment ? drawView(usual, task, keysOf(task)[n]!) : middleOf(usual, task)
  const outside = mean.map(value => Math.round(value * 255))
  cutWindow(resizeSample(sample, view.size), view, { height, width, pixels, map }, outside)
  // What seems larger seems nearer (Eigen et al. 2014, section 3.4).
  if (task.maps === 'depths') for (const [i, depth] of map.entries()) map[i] = depth / view.zoom
}

async function read(place: DensePlace, index: number): Promise<DenseSample> {
  if (place.kind === 'nyu') return readNyu(place.file, place.index, index)
  const { pixels, labels, height, width } = await readVoc(place, index)
  return { image: { data: pixels, height, width }, map: labels }
}

/** Open for as long as the worker lives. */
const files = new Map<string, Promise<NyuFile>>()

async function readNyu(path: string, number: number, index: number): Promise<DenseSample> {
  // Loaded on demand: VOC does without an HDF5 library in every worker.
  const { NyuFileError, openNyuFile } = await import('./nyu-file.ts')
  try {
    const file = files.get(path) ?? openNyuFile(path)
    files.set(path, file)
    return (await file).read(number)
  } catch (cause) {
    if (!(cause instanceof NyuFileError)) throw cause
    throw new DataError(
      `Expected an image and its depths but received ${cause.message} (image ${number} of ${path}, number ${index} of its split). Fetch it again, or add corrupt=skip to the data.`,
      { cause },
    )
  }
}
