// One optimizer step: forward, backward, clip, update; nothing is updated from numbers that are not
// finite.
import { autocast, from, type Tensor, tidy } from '@normfree/torch'
import {
  allFinite,
  type ClipReport,
  findNonFinite,
  type NamedParameters,
  standardizeWeights_,
} from 'normfree'
import type { Batch } from '../data/batches.ts'
import type { ImageData } from '../data/types.ts'
import { DivergedError } from './errors.ts'
import type { Precision } from './precision.ts'
import type { Session } from './session.ts'

export interface StepResult extends ClipReport {
  loss: number
  /** The task's score before the update, summed over the images: those given their (first, if mixed) class. */
  correct: number
}

/**
 * Trains on one batch at rate `lr`.
 *
 * @throws DivergedError naming the first block whose output is not finite, or the parameter whose
 *   gradient is not; the parameters are then as before the step.
 */
export function trainStep(session: Session, batch: Batch, lr: number): StepResult {
  const { model, optimizer, config, precision, task } = session
  optimizer.setLr(lr)
  return tidy(() => {
    const images = toImages(batch, session.data)
    const target = task.target(batch, session.data)
    optimizer.zeroGrad()
    const { loss, correct } = withPrecision(precision, () => {
      const outputs = model(images).to('float32')
      return {
        loss: task.loss(outputs, target, config),
        correct: task.correct(outputs, target),
      }
    })
    const lossValue = loss.item()
    if (!Number.isFinite(lossValue)) throw divergedForward(session, images, lossValue)
    loss.backward()
    const parameters = [...model.namedParameters()]
    const report = session.clip(parameters)
    if (!Number.isFinite(report.gradNorm)) throw divergedBackward(parameters, report.gradNorm)
    optimizer.step()
    if (config.modelOptions?.weightStandardization === 'decoupled') standardizeWeights_(model)
    return { loss: lossValue, correct, ...report }
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

export const withPrecision = <T>(precision: Precision, work: () => T): T =>
  precision === 'float32' ? work() : autocast('cpu', work, { dtype: precision })

function divergedForward(
  { model, precision }: Session,
  images: Tensor,
  loss: number,
): DivergedError {
  const found = withPrecision(precision, () => findNonFinite(model, images))
  const where =
    found === null
      ? 'the loss itself'
      : found.block
        ? `block ${found.block}, in ${found.module}`
        : found.module
  return new DivergedError(
    `the loss became ${loss}; first in ${where}. A lower optimizer.lr, a longer warm-up or clipping may help`,
  )
}

function divergedBackward(parameters: NamedParameters, gradNorm: number): DivergedError {
  const last = [...parameters].reverse().find(([, { grad }]) => grad !== null && !allFinite(grad))
  return new DivergedError(
    `the gradient norm became ${gradNorm}; first in ${last?.[0] ?? 'the sum over all parameters'}. A lower optimizer.lr, a longer warm-up or clipping may help`,
  )
}
