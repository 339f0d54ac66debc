// RMSprop (Hinton, 2012) as torch.optim has it: eps outside of the root.
import type { Tensor } from '../tensor.ts'
import {
  add,
  add_,
  addProduct_,
  addQuotient_,
  addScalar_,
  average_,
  multiply_,
  squareRoot,
} from './foreach.ts'
import {
  buffers,
  checkDecay,
  checkNotNegative,
  type FullGroup,
  Optimizer,
  type ParamGroup,
} from './optimizer.ts'

/** Options of {@link RMSprop}, for all parameters or for a group. */
export interface RMSpropOptions {
  /** Learning rate, >= 0. Default 0.01. */
  lr?: number
  /** Decay of the averages. Default 0.99. */
  alpha?: number
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** L2 penalty: weightDecay * parameter is added to the gradient. Default 0. */
  weightDecay?: number
  /** Default 0. */
  momentum?: number
  /** Divide by an estimate of the gradient's standard deviation. Default false. */
  centered?: boolean
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

/**
 * v = alpha v + (1 - alpha) g^2; p -= lr g / (sqrt(v) + eps), or by momentum b = momentum b + that
 * quotient. Centered: sqrt(v - a^2) with a the average of g.
 *
 * @throws ArgumentError for a negative rate, eps, momentum or decay, and for alpha outside of [0, 1).
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<RMSpropOptions>[],
    options: RMSpropOptions = {},
  ) {
    super(params, options, {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    })
  }

  protected override check(group: FullGroup<RMSpropOptions>): void {
    checkNotNegative(group, ['lr', 'eps', 'weightDecay', 'momentum'])
    checkDecay('alpha', group.alpha)
  }

  protected override update(
    group: FullGroup<RMSpropOptions>,
    params: readonly Tensor[],
    given: readonly Tensor[],
  ): void {
    const { lr, weightDecay, momentum } = group
    const gradients = weightDecay === 0 ? given : add(given, params, weightDecay)
    const denominators = this.#denominators(group, params, gradients)
    if (momentum === 0) {
      addQuotient_(params, gradients, denominators, -lr)
    } else {
      const velocities = buffers(this.state, params, 'momentum_buffer')
      multiply_(velocities, momentum)
      addQuotient_(velocities, gradients, denominators, 1)
      add_(params, velocities, -lr)
    }
  }

  #denominators(
    { alpha, eps, centered }: FullGroup<RMSpropOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): Tensor[] {
    const squares = buffers(this.state, params, 'square_avg')
    multiply_(squares, alpha)
    addProduct_(squares, gradients, gradients, 1 - alpha)
    const result = squareRoot(centered ? this.#variances(params, gradients, alpha) : squares)
    addScalar_(result, eps)
    return result
  }

  #variances(params: readonly Tensor[], gradients: readonly Tensor[], alpha: number): Tensor[] {
    const means = buffers(this.state, params, 'grad_avg')
    average_(means, gradients, alpha)
    const variances = buffers(this.state, params, 'square_avg').map(square => square.clone())
    addProduct_(variances, means, means, -1)
    return variances
  }
}
