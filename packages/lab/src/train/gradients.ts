// The gradients of one batch: in parts where memory is short, and where the loss is highest nearby
// where sharpness-aware minimisation is on.
import { arange, type Tensor, tidy } from '@normfree/torch'
import { gradientNorm } from 'normfree'
import { divergedBackward, divergedForward } from './diverged.ts'
import { withPrecision } from './precision.ts'
import type { Session } from './session.ts'
import type { Target } from './task.ts'

/** Images (N, 3, H, W) and what a model should make of them. */
export interface Input {
  images: Tensor
  target: Target
}

/** What a forward pass over a batch showed. */
export interface PassResult {
  /** Mean loss of the batch, where the gradient was taken. */
  loss: number
  /** The task's score before the update, summed over the images: those given their (first, if mixed) class. */
  correct: number
}

/**
 * Leaves the gradients of the mean loss of `input` in the parameters (times the scale of the
 * session's scaler), and the parameters as they are. With SAM they are those at the end of its ascent.
 *
 * @throws DivergedError for a loss, or a gradient of the ascent, that is not finite.
 */
export function gradientsOf(session: Session, input: Input): PassResult {
  const { optimizer } = session
  const { sam } = optimizer
  optimizer.zeroGrad()
  if (!sam) return accumulated(session, input)
  ascend(session, input, sam)
  try {
    return accumulated(session, input)
  } finally {
    // Back at w, whose norms are what the clipping is relative to.
    sam.restore()
  }
}

type Sam = NonNullable<Session['optimizer']['sam']>

function ascend(session: Session, input: Input, sam: Sam): void {
  const { fraction = 1 } = session.config.sam ?? {}
  accumulated(session, fraction < 1 ? spread(input, fraction) : input)
  const parameters = [...session.model.namedParameters()]
  const norm = gradientNorm(parameters)
  if (!Number.isFinite(norm)) throw divergedBackward(parameters, norm)
  sam.firstStep()
}

/** A share of the samples, evenly spread: halves of a batch may be mixed in different ways. */
function spread(input: Input, fraction: number): Input {
  const size = input.images.shape[0]!
  const count = Math.max(1, Math.round(size * fraction))
  const chosen = arange(count)
    .mul(size / count)
    .floor()
    .to('int64')
  const part = ofSamples(input, tensor => tensor.indexSelect(0, chosen))
  return { ...part, images: part.images.contiguous({ memoryFormat: 'channels_last' }) }
}

const ofSamples = ({ images, target }: Input, take: (tensor: Tensor) => Tensor): Input => ({
  images: take(images),
  target: { truth: take(target.truth), shares: target.shares && take(target.shares) },
})

/** Sums the gradients of the parts, each weighted by its share of the terms of the mean loss. */
function accumulated(session: Session, input: Input): PassResult {
  const { task, scaler, config } = session
  const all = task.terms(input.target)
  const total = { loss: 0, correct: 0 }
  for (const part of partsOf(input, config.accumulate ?? 1))
    tidy(() => {
      const share = task.terms(part.target) / all
      if (share === 0) return
      const { loss, correct } = forward(session, part)
      const value = loss.item()
      if (!Number.isFinite(value)) throw divergedForward(session, part.images, value)
      const weighted = share === 1 ? loss : loss.mul(share)
      const scaled = scaler ? scaler.scale(weighted) : weighted
      scaled.backward()
      total.loss += value * share
      total.correct += correct
    })
  return total
}

function forward({ model, precision, task, config }: Session, { images, target }: Input) {
  return withPrecision(precision, () => {
    const outputs = model(images).to('float32')
    return { loss: task.loss(outputs, target, config), correct: task.correct(outputs, target) }
  })
}

/** The input in `count` parts, of which the last may be smaller. */
function partsOf(input: Input, count: number): Input[] {
  if (count === 1) return [input]
  const size = input.images.shape[0]!
  const length = Math.ceil(size / count)
  return Array.from({ length: Math.ceil(size / length) }, (_, i) =>
    ofSamples(input, tensor => tensor.slice(0, i * length, Math.min(size, (i + 1) * length))),
  )
}
