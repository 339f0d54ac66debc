// LAMB: Adam whose step is scaled, for each parameter, to the size of the parameter (You et al.,
// 2020). timm's `lamb`, with its defaults.

import { ArgumentError } from '../errors.ts'
import { stack } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { add_, divide_, divideEach, multiplyEach_, norm } from './foreach.ts'
import { advanceMoments, type Betas, checkBetas } from './moments.ts'
import { checkNotNegative, type FullGroup, Optimizer, type ParamGroup } from './optimizer.ts'
import type { ParamState } from './state-dict.ts'

/** Options of a group. */
export interface LAMBGroupOptions {
  /** Learning rate, >= 0. Default 1e-3. */
  lr?: number
  /** Decays of the averages of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: Betas
  /** Added to the denominator. Default 1e-6. */
  eps?: number
  /** weightDecay p is added to the step, before it is scaled. Default 0.01. */
  weightDecay?: number
  /** Make up for averages that start at zero. Default true. */
  biasCorrection?: boolean
  /** Weigh a new gradient by 1 - betas[0] in its average, and not by 1. Default true. */
  gradAveraging?: boolean
  /** Never scale a step up. Default false. */
  trustClip?: boolean
  /** Scale the steps of groups without weight decay too. Default false. */
  alwaysAdapt?: boolean
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

/** Options of {@link LAMB}: those of a group, and one over all groups. */
export interface LAMBOptions extends LAMBGroupOptions {
  /** All gradients together are scaled down to this norm; null leaves them. Default 1. */
  maxGradNorm?: number | null
}

/**
 * u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weightDecay p, p -= lr ||p|| / ||u|| u, with
 * m and v as in Adam over the clipped gradients; the ratio is 1 where either norm is 0.
 *
 * @throws ArgumentError for a negative rate, eps or decay, for betas outside of [0, 1), and for a
 *   norm that is not > 0.
 */
export class LAMB extends Optimizer<LAMBGroupOptions> {
  readonly #maxGradNorm: number | null
  /** What this step's gradients are divided by; lives in the step's scope. */
  #divisor: Tensor | null = null

  constructor(
    params: readonly Tensor[] | readonly ParamGroup<LAMBGroupOptions>[],
    { maxGradNorm = 1, ...options }: LAMBOptions = {},
  ) {
    super(params, options, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-6,
      weightDecay: 0.01,
      biasCorrection: true,
      gradAveraging: true,
      trustClip: false,
      alwaysAdapt: false,
      maximize: false,
    })
    if (maxGradNorm !== null && !(maxGradNorm > 0))
      throw new ArgumentError(
        `Expected a number > 0 or null for \`maxGradNorm\` but received ${maxGradNorm}.`,
      )
    this.#maxGradNorm = maxGradNorm
  }

  protected override check(group: FullGroup<LAMBGroupOptions>): void {
    checkNotNegative(group, ['lr', 'eps', 'weightDecay'])
    checkBetas(group.betas)
  }

  protected override prepare(gradients: readonly Tensor[]): void {
    if (this.#maxGradNorm === null) return
    this.#divisor = stack(norm(gradients)).norm().div(this.#maxGradNorm).clamp_(1)
  }

  protected override update(
    group: FullGroup<LAMBGroupOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const { lr, weightDecay } = group
    const divisor = this.#divisor
    const clipped = divisor
      ? divideEach(
          gradients,
          gradients.map(() => divisor),
        )
      : gradients
    const steps = adamSteps(this.state, params, clipped, group)
    if (weightDecay !== 0) add_(steps, params, weightDecay)
    if (weightDecay !== 0 || group.alwaysAdapt)
      multiplyEach_(steps, trustRatios(params, steps, group.trustClip))
    add_(params, steps, -lr)
  }
}

function adamSteps(
  state: Map<Tensor, ParamState>,
  params: readonly Tensor[],
  gradients: readonly Tensor[],
  { betas, eps, biasCorrection, gradAveraging }: FullGroup<LAMBGroupOptions>,
): Tensor[] {
  const gradientWeight = gradAveraging ? undefined : 1
  const options = { betas, eps, biasCorrection, gradientWeight }
  const { averages, denominators, corrections } = advanceMoments(state, params, gradients, options)
  const steps = divideEach(averages, denominators)
  divide_(steps, corrections)
  return steps
}

/** ||p|| / ||u|| of each, 1 where either is 0. */
function trustRatios(params: readonly Tensor[], steps: readonly Tensor[], clip: boolean): Tensor[] {
  const [sizes, lengths] = [stack(norm(params)), stack(norm(steps))]
  const ratios = sizes.div(lengths).maskedFill_(sizes.mul(lengths).eq(0), 1)
  return [...(clip ? ratios.clamp_(null, 1) : ratios).unbind()]
}
