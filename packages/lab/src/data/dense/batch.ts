// The main thread's end of a batch of images with maps: what is sent to a worker, what is made of its
// answer, and which augmentations such images know.
import type { Augmentation } from '../augment/augmentation.ts'
import type { BatchTask } from '../batch-task.ts'
import type { Batch } from '../batches.ts'
import { DataError } from '../errors.ts'
import type { DensePlace, DenseSet, ImageData } from '../types.ts'
import type { PixelMap } from './sample.ts'

/** A batch of images with maps. */
export interface DenseTask extends BatchTask {
  maps: DenseSet['maps']
  /** Those of `indices`. */
  places: readonly DensePlace[]
}

/** What became of it. */
export interface DenseResult {
  /** Places in `indices` of the samples that could be read, in order. */
  kept: number[]
  /** What was wrong with the others; errors lose their class between threads, so they are words. */
  failures: string[]
  /** Of the samples kept: NHWC float32, normalised. */
  images: Float32Array<ArrayBuffer>
  map: PixelMap
}

/**
 * Assembles one batch.
 *
 * @throws DataError for the first sample that cannot be read, unless the set skips such; when none can
 */
export async function assembleDense(
  set: DenseSet,
  task: BatchTask,
  run: (task: DenseTask) => Promise<DenseResult>,
): Promise<Batch> {
  const places = Array.from(task.indices, index => set.places[index]!)
  const { kept, failures, images, map } = await run({ ...task, maps: set.maps, places })
  const [first] = failures
  if (first !== undefined && (set.corrupt === 'fail' || kept.length === 0))
    throw new DataError(first)
  const indices = Int32Array.from(kept, n => task.indices[n]!)
  return {
    ...{ images, map, labels: new Int32Array(0), size: kept.length, indices, mixed: null },
    skipped: failures.length,
  }
}

/**
 * Refuses augmentations that the images of `data` do not know: those with maps are scaled, mirrored, cut
 * and coloured, and only they are scaled.
 *
 * @throws DataError for the first such setting
 */
export function checkAugmentation(data: ImageData, augment: Augmentation): void {
  const { scale, resizedCrop, randAugment, mix, erase } = augment
  const asked = 'places' in data.train ? { resizedCrop, randAugment, mix, erase } : { scale }
  const isOn = (setting: object | null | undefined) =>
    !!setting && !('kind' in setting && setting.kind === 'none')
  const stray = Object.entries(asked).find(([, setting]) => isOn(setting))
  if (!stray) return
  const what = 'places' in data.train ? 'with maps' : 'without maps'
  throw new DataError(
    `Expected no \`augment.${stray[0]}\` for images ${what} but received ${JSON.stringify(stray[1])}. Remove it.`,
  )
}
