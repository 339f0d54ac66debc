// Stochastic gradient descent with momentum, the optimizer of every recipe in the papers.
import { ArgumentError } from '../errors.ts'
import { keep } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { add, add_, multiply_ } from './foreach.ts'
import {
  checkNotNegative,
  type FullGroup,
  Optimizer,
  type ParamGroup,
  stateOf,
} from './optimizer.ts'

/** Options of {@link SGD}, for all parameters or for a group. */
export interface SGDOptions {
  /** Learning rate, >= 0. */
  lr: number
  /** Default 0. */
  momentum?: number
  /** Share of a new gradient that does not enter the momentum. Default 0. */
  dampening?: number
  /** L2 penalty: weightDecay * parameter is added to the gradient, before momentum. Default 0. */
  weightDecay?: number
  /** Step along gradient + momentum * buffer. Default false. */
  nesterov?: boolean
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

const DEFAULTS = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false }

/**
 * v = momentum v + (1 - dampening) g, p -= lr v; with Nesterov p -= lr (g + momentum v), where g
 * includes the weight decay. PyTorch's torch.optim.SGD; the first step takes v = g.
 *
 * @throws ArgumentError for a negative rate, momentum or decay, and for Nesterov without momentum.
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: readonly Tensor[] | readonly ParamGroup<SGDOptions>[], options: SGDOptions) {
    super(params, options, { ...DEFAULTS, lr: options.lr })
  }

  protected override check(group: FullGroup<SGDOptions>): void {
    checkNotNegative(group, ['lr', 'momentum', 'weightDecay'])
    if (!Number.isFinite(group.dampening))
      throw new ArgumentError(
        `Expected a number for \`dampening\` but received ${group.dampening}.`,
      )
    if (group.nesterov && (group.momentum <= 0 || group.dampening !== 0))
      throw new ArgumentError(
        `Expected momentum > 0 and no dampening for \`nesterov\` but received momentum ${group.momentum} and dampening ${group.dampening}.`,
      )
  }

  protected override update(
    group: FullGroup<SGDOptions>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void {
    const { lr, momentum, weightDecay, nesterov } = group
    let step = weightDecay === 0 ? gradients : add(gradients, params, weightDecay)
    if (momentum !== 0) {
      const velocities = this.#accumulate(params, step, group)
      step = nesterov ? add(step, velocities, momentum) : velocities
    }
    add_(params, step, -lr)
  }

  #accumulate(
    params: readonly Tensor[],
    gradients: readonly Tensor[],
    { momentum, dampening }: FullGroup<SGDOptions>,
  ): Tensor[] {
    const states = params.map(param => stateOf(this.state, param))
    const known = states.map(state => state.momentum_buffer as Tensor | undefined)
    const old = known.filter(buffer => buffer !== undefined)
    if (old.length > 0) {
      multiply_(old, momentum)
      const theirs = gradients.filter((_, i) => known[i])
      add_(old, theirs, 1 - dampening)
    }
    return states.map((state, i) => {
      const velocity = known[i] ?? keep(gradients[i].clone())
      state.momentum_buffer = velocity
      return velocity
    })
  }
}
