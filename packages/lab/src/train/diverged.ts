// Says where numbers stopped being finite.
import type { Tensor } from '@normfree/torch'
import { allFinite, findNonFinite, type NamedParameters } from 'normfree'
import { DivergedError } from './errors.ts'
import { withPrecision } from './precision.ts'
import type { Session } from './session.ts'

const ADVICE = 'A lower optimizer.lr, a longer warm-up or clipping may help'

/** For a loss that is not finite: the first block whose output for `images` is not. */
export function divergedForward(
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
  return new DivergedError(`the loss became ${loss}; first in ${where}. ${ADVICE}`)
}

/** For a gradient norm that is not finite: the parameter nearest to the loss whose gradient is not. */
export function divergedBackward(parameters: NamedParameters, gradNorm: number): DivergedError {
  const last = [...parameters].reverse().find(([, { grad }]) => grad !== null && !allFinite(grad))
  return new DivergedError(
    `the gradient norm became ${gradNorm}; first in ${last?.[0] ?? 'the sum over all parameters'}. ${ADVICE}`,
  )
}
