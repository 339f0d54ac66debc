// The main thread's end of a batch of photographs: what is sent to a worker, and what is made of its answer.
import { from, noGrad, tidy } from '@normfree/torch'
import { type Preprocessing, preprocess } from 'normfree'
import type { Assembled, BatchTask } from './batch-task.ts'
import { undecodable } from './decode.ts'
import type { PhotoResult, PhotoTask } from './photo-worker.ts'
import type { FileSet } from './types.ts'

/** How photographs are seen when they are not augmented: as the weights of a model want it. */
export type View = Pick<Preprocessing, 'cropPct' | 'cropMode' | 'interpolation'>

/** timm's general default. */
const DEFAULT_VIEW: View = { cropPct: 0.875, cropMode: 'center', interpolation: 'bicubic' }

/** A batch of photographs and which of the wanted it holds. */
export interface PhotoBatch extends Assembled {
  /** Places in the task's `indices`. */
  kept: readonly number[]
}

/**
 * Assembles one batch.
 *
 * @throws DataError for the first image that does not decode, unless the set skips such; when none does
 */
export async function assemblePhotos(
  set: FileSet,
  task: BatchTask,
  view: View = DEFAULT_VIEW,
  run: (task: PhotoTask) => Promise<PhotoResult>,
): Promise<PhotoBatch> {
  const samples = [...task.indices, ...(task.partners ?? [])]
  const result = await run({ ...task, files: samples.map(index => set.files[index]!) })
  const { kept, failures, assembled } = result
  if (failures[0] && (set.corrupt === 'fail' || kept.length === 0)) {
    const [first] = failures.toSorted((a, b) => a.index - b.index)
    throw undecodable(first!, set.files[first!.index]!.file)
  }
  return { kept, ...(assembled ?? viewed(result, task, view)) }
}

/** Each whole image as a pretrained model would see it. */
function viewed({ whole }: PhotoResult, task: BatchTask, view: View): Assembled {
  const { height, width, mean, std } = task
  const settings: Preprocessing = { ...view, size: height, mean, std }
  const images = new Float32Array(whole.length * height * width * 3)
  whole.forEach((image, n) => {
    const shape = [image.height, image.width, 3]
    const seen = noGrad(() =>
      tidy(() => {
        const pixels = from(new Uint8Array(image.data.buffer), shape)
        return preprocess(pixels, settings).permute([0, 2, 3, 1]).contiguous().data()
      }),
    )
    images.set(seen as Float32Array, n * height * width * 3)
  })
  return { images, weights: null }
}
