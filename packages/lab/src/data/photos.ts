// The main thread's end of a batch of photographs: what is sent to a worker, and what is made of its answer.
import type { Preprocessing } from 'normfree'
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
  if (assembled) return { kept, ...assembled }
  // Loaded on demand: nothing else about data needs LibTorch.
  const { viewed } = await import('./viewed.ts')
  return { kept, ...viewed(result, task, view) }
}
