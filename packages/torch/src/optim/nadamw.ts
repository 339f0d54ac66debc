// AdamW with Nesterov momentum as timm has it, which is not torch.optim.NAdam: no schedule of the
// momentum, plain bias corrections.
import type { Tensor } from '../tensor.ts'
import { add_, addQuotients_, multiply_, multiplyEach_ } from './foreach.ts'
import { advanceMoments, type Betas, checkBetas } from './moments.ts'
import { checkNotNegative, type FullGroup, Optimizer, type ParamGroup } from './optimizer.ts'

/** Options of {@link NAdamW}, for all parameters or for a group. */
export interface NAdamWOptions {
  /** Learning rate, >= 0. Default 1e-3. */
  lr?: number
  /** Decays of the averages of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: Betas
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** p *= 1 - lr weightDecay before the step. Default 0.01. */
  weightDecay?: number
  /**
   * Leave out components whose step would go against the gradient, and scale the others up by the
   * share that is left (Liang et al., 2024). Default false.
   */
  caution?: boolean
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

/**
 * p -= lr (b1 m + (1 - b1) g) / (1 - b1^t) / (sqrt(v) / sqrt(1 - b2^t) + eps), with m and v as in
 * Adam, after the decoupled weight decay. timm's `nadamw`.
 *
 * @throws ArgumentError for a negative rate, eps or decay, and for betas outside of [0, 1).
 */
export class NAdamW extends Optimizer<NAdamWOptions> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<NAdamWOptions>[],
    options: NAdamWOptions = {},
  ) {
    super(params, options, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0.01,
      caution: false,
      maximize: false,
    })
  }

  protected override check(group: FullGroup<NAdamWOptions>): void {
    checkNotNegative(group, ['lr', 'eps', 'weightDecay'])
    checkBetas(group.betas)
  }

  protected override update(
    group: FullGroup<NAdamWOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const { lr, betas, eps, weightDecay, caution } = group
    multiply_(params, 1 - lr * weightDecay)
    const moments = advanceMoments(this.state, params, gradients, { betas, eps })
    const ahead = moments.averages.map(average => average.mul(betas[0]))
    add_(ahead, gradients, 1 - betas[0])
    if (caution)
      multiplyEach_(
        ahead,
        ahead.map((step, i) => cautionMask(step, gradients[i])),
      )
    const rates = moments.corrections.map(correction => -lr / correction)
    addQuotients_(params, ahead, moments.denominators, rates)
  }
}

/** 1 where `step` and `gradient` agree in sign, over the mean of that (at least 1e-3); else 0. */
function cautionMask(step: Tensor, gradient: Tensor): Tensor {
  const mask = step.mul(gradient).gt(0).to(gradient.dtype)
  return mask.div_(mask.mean().clamp_(1e-3))
}
