// Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019), as torch.optim has them.
import type { Tensor } from '../tensor.ts'
import { add, addQuotients_, multiply_ } from './foreach.ts'
import { advanceMoments, type Betas, checkBetas } from './moments.ts'
import { checkNotNegative, type FullGroup, Optimizer, type ParamGroup } from './optimizer.ts'

/** Options of {@link Adam} and {@link AdamW}, for all parameters or for a group. */
export interface AdamOptions {
  /** Learning rate, >= 0. Default 1e-3. */
  lr?: number
  /** Decays of the averages of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: Betas
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** Default 0 for Adam, 0.01 for AdamW. */
  weightDecay?: number
  /** Divide by the largest average of squares so far (Reddi et al., 2018). Default false. */
  amsgrad?: boolean
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

const DEFAULTS: Required<AdamOptions> = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
}

/**
 * p -= lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) with m and v the moving averages of g and
 * g^2; weightDecay p is added to g, as an L2 penalty.
 *
 * @throws ArgumentError for a negative rate, eps or decay, and for betas outside of [0, 1).
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<AdamOptions>[],
    options: AdamOptions = {},
  ) {
    super(params, options, DEFAULTS)
  }

  protected override check(group: FullGroup<AdamOptions>): void {
    checkAdam(group)
  }

  protected override update(
    group: FullGroup<AdamOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const { weightDecay } = group
    const penalized = weightDecay === 0 ? gradients : add(gradients, params, weightDecay)
    descend(this, group, params, penalized)
  }
}

/**
 * Adam with the weight decay apart from the averages: p *= 1 - lr weightDecay before the step.
 *
 * @throws ArgumentError as Adam.
 */
export class AdamW extends Optimizer<AdamOptions> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<AdamOptions>[],
    options: AdamOptions = {},
  ) {
    super(params, options, { ...DEFAULTS, weightDecay: 0.01 })
  }

  protected override check(group: FullGroup<AdamOptions>): void {
    checkAdam(group)
  }

  protected override update(
    group: FullGroup<AdamOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    multiply_(params, 1 - group.lr * group.weightDecay)
    descend(this, group, params, gradients)
  }
}

function checkAdam(group: FullGroup<AdamOptions>): void {
  checkNotNegative(group, ['lr', 'eps', 'weightDecay'])
  checkBetas(group.betas)
}

function descend(
  { state }: Optimizer<AdamOptions>,
  group: FullGroup<AdamOptions>,
  params: readonly Tensor[],
  gradients: readonly Tensor[],
): void {
  const { averages, denominators, corrections } = advanceMoments(state, params, gradients, group)
  const rates = corrections.map(correction => -group.lr / correction)
  addQuotients_(params, averages, denominators, rates)
}
