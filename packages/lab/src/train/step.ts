// One optimizer step: forward, backward, clip, update; nothing is updated from numbers that are not
// finite.
import { autocast, from, nn, type Tensor, tidy } from '@normfree/torch'
import {
  adaptiveClipGrad_,
  allFinite,
  type ClipReport,
  clipGradNorm_,
  clipGradValue_,
  findNonFinite,
  gradientNorm,
  type NamedParameters,
  standardizeWeights_,
} from 'normfree'
import type { ClipConfig } from '../config/schema.ts'
import type { Batch, MixedLabels } from '../data/batches.ts'
import type { ImageData } from '../data/types.ts'
import { DivergedError } from './errors.ts'
import type { Precision } from './precision.ts'
import type { Session } from './session.ts'

export interface StepResult extends ClipReport {
  loss: number
  /** Images of the batch that were given their (first, if mixed) class before the update. */
  correct: number
}

/**
 * Trains on one batch at rate `lr`.
 *
 * @throws DivergedError naming the first block whose output is not finite, or the parameter whose
 *   gradient is not; the parameters are then as before the step.
 */
export function trainStep(session: Session, batch: Batch, lr: number): StepResult {
  const { model, optimizer, config, precision } = session
  for (const group of optimizer.paramGroups) group.lr = lr
  return tidy(() => {
    const { images, labels } = toTensors(batch, session.data)
    const target = batch.mixed
      ? softTarget(batch, batch.mixed, session.data.classes.length)
      : labels
    optimizer.zeroGrad()
    const { loss, correct } = withPrecision(precision, () => {
      const logits = model(images)
      return {
        loss: nn.functional.crossEntropy(logits.to('float32'), target, {
          labelSmoothing: config.labelSmoothing,
        }),
        correct: countCorrect(logits, labels),
      }
    })
    const lossValue = loss.item()
    if (!Number.isFinite(lossValue)) throw divergedForward(session, images, lossValue)
    loss.backward()
    const parameters = [...model.namedParameters()]
    const report = clip(parameters, config.clip)
    if (!Number.isFinite(report.gradNorm)) throw divergedBackward(parameters, report.gradNorm)
    optimizer.step()
    if (config.modelOptions?.weightStandardization === 'decoupled') standardizeWeights_(model)
    return { loss: lossValue, correct, ...report }
  })
}

/** The batch as tensors: images (N, 3, H, W) over the batch's own memory, which is channels-last. */
export function toTensors(
  batch: Batch,
  { height, width }: ImageData,
): { images: Tensor; labels: Tensor } {
  const images = from(batch.images, [batch.size, height, width, 3]).permute([0, 3, 1, 2])
  return { images, labels: from(batch.labels).to('int64') }
}

/**
 * Class probabilities (N, classes) float32 of mixed images; labels are smoothed after mixing, by the
 * loss.
 */
function softTarget(
  { labels, size }: Batch,
  { partners, weights }: MixedLabels,
  classes: number,
): Tensor {
  const target = new Float32Array(size * classes)
  for (let i = 0; i < size; i++) {
    target[i * classes + labels[i]!]! += weights[i]!
    target[i * classes + partners[i]!]! += 1 - weights[i]!
  }
  return from(target, [size, classes])
}

export const withPrecision = <T>(precision: Precision, work: () => T): T =>
  precision === 'bfloat16' ? autocast('cpu', work) : work()

export const countCorrect = (logits: Tensor, labels: Tensor): number =>
  logits.argmax(1).eq(labels).sum().item()

function clip(parameters: NamedParameters, config: ClipConfig): ClipReport {
  switch (config.kind) {
    case 'agc':
      return adaptiveClipGrad_(parameters, {
        clipFactor: config.factor,
        eps: config.eps,
        exclude: config.exclude,
      })
    case 'norm':
      return clipGradNorm_(parameters, config.max)
    case 'value':
      return clipGradValue_(parameters, config.max)
    case 'none':
      return { gradNorm: gradientNorm(parameters), clipFraction: 0 }
  }
}

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
