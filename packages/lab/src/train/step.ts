// One optimizer step: gradients, clip, update; nothing is updated from numbers that are not finite.
import { from, type Tensor, tidy } from '@normfree/torch'
import { type ClipReport, standardizeWeights_ } from 'normfree'
import type { Batch } from '../data/batches.ts'
import type { ImageData } from '../data/types.ts'
import { divergedBackward } from './diverged.ts'
import { gradientsOf, type PassResult } from './gradients.ts'
import { resized } from './resolution.ts'
import type { Session } from './session.ts'

/** The figures of a step; the norm is infinite or not a number where float16 left it out. */
export interface StepResult extends PassResult, ClipReport {}

/**
 * Trains on one batch at rate `lr`, of which groups take shares: gradients, of SAM's second pass where it is on, summed over the parts of the
 * batch; unscaled, then clipped; then the update. Where float16 makes a gradient overflow the step is
 * left out, and the next loss is scaled less.
 *
 * @param resolution side that the images are resized to, in pixels. Default: as they are.
 * @throws DivergedError naming the first block whose output is not finite, or the parameter whose
 *   gradient is not; the parameters are then as before the step.
 */
export function trainStep(
  session: Session,
  batch: Batch,
  lr: number,
  resolution?: number,
): StepResult {
  const { model, optimizer, scaler, config, task } = session
  optimizer.setLr(lr)
  return tidy(() => {
    const images = resized(toImages(batch, session.data), resolution)
    const pass = gradientsOf(session, { images, target: task.target(batch, session.data) })
    const parameters = [...model.namedParameters()]
    scaler?.unscale_(optimizer)
    const report = session.clip(parameters)
    if (Number.isFinite(report.gradNorm)) {
      optimizer.step()
      if (config.modelOptions?.weightStandardization === 'decoupled') standardizeWeights_(model)
    } else if (!scaler || scaler.getScale() <= 1) {
      throw divergedBackward(parameters, report.gradNorm)
    }
    scaler?.update()
    return { ...pass, ...report }
  })
}

/** The images (N, 3, H, W) of a batch, over its own memory, which is channels-last. */
export const toImages = (batch: Batch, { height, width }: ImageData): Tensor =>
  from(batch.images, [batch.size, height, width, 3]).permute([0, 3, 1, 2])

/** The images of a batch, and its labels (N) int64. */
export const toTensors = (batch: Batch, data: ImageData): { images: Tensor; labels: Tensor } => ({
  images: toImages(batch, data),
  labels: from(batch.labels).to('int64'),
})
