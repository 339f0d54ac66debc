// Stochastic gradient descent with momentum, the optimizer of every recipe in the papers.
import { noGrad } from '../autograd.ts'
import { callOperator } from '../call.ts'
import { ArgumentError } from '../errors.ts'
import { keep, tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'

export interface SGDOptions {
  /** Learning rate, > 0. */
  lr: number
  /** Default 0. */
  momentum?: number
  /** Share of a new gradient that does not enter the momentum. Default 0. */
  dampening?: number
  /** L2 penalty: weightDecay * parameter is added to the gradient, before momentum. Default 0. */
  weightDecay?: number
  /** Step along gradient + momentum * buffer. Default false. */
  nesterov?: boolean
}

/** Parameters that share options; what a group leaves out comes from the optimizer's own. */
export type ParamGroup = { params: readonly Tensor[] } & Partial<SGDOptions>

type FullGroup = { params: readonly Tensor[] } & Required<SGDOptions>

/**
 * v = momentum v + (1 - dampening) g, p -= lr v; with Nesterov p -= lr (g + momentum v), where g
 * includes the weight decay. PyTorch's torch.optim.SGD; the first step takes v = g.
 *
 * @throws ArgumentError for a negative rate, momentum or decay, and for Nesterov without momentum.
 */
export class SGD {
  readonly paramGroups: FullGroup[]
  readonly #momentum = new Map<Tensor, Tensor>()

  constructor(params: readonly Tensor[] | readonly ParamGroup[], options: SGDOptions) {
    this.paramGroups = asGroups(params).map(group => ({
      params: group.params,
      lr: group.lr ?? options.lr,
      momentum: group.momentum ?? options.momentum ?? 0,
      dampening: group.dampening ?? options.dampening ?? 0,
      weightDecay: group.weightDecay ?? options.weightDecay ?? 0,
      nesterov: group.nesterov ?? options.nesterov ?? false,
    }))
    for (const group of this.paramGroups) checkGroup(group)
  }

  /** Updates every parameter that has a gradient; the others are left alone. */
  step(): void {
    noGrad(() => {
      for (const group of this.paramGroups) tidy(() => this.#stepGroup(group))
    })
  }

  #stepGroup({ params, lr, momentum, dampening, weightDecay, nesterov }: FullGroup): void {
    const pairs = params.flatMap(param => {
      const grad = param.grad
      return grad ? [{ param, grad }] : []
    })
    if (pairs.length === 0) return
    const updated = pairs.map(({ param }) => param)
    let gradients: Tensor[] = pairs.map(({ grad }) => grad)
    if (weightDecay !== 0)
      gradients = foreach('_foreach_add', 'List', gradients, updated, weightDecay)
    if (momentum !== 0) {
      const buffers = this.#accumulate(updated, gradients, momentum, dampening)
      gradients = nesterov ? foreach('_foreach_add', 'List', gradients, buffers, momentum) : buffers
    }
    foreach('_foreach_add_', 'List', updated, gradients, -lr)
  }

  #accumulate(
    params: readonly Tensor[],
    gradients: readonly Tensor[],
    momentum: number,
    dampening: number,
  ): Tensor[] {
    const known = params.map(param => this.#momentum.get(param))
    const old = known.filter(buffer => buffer !== undefined)
    if (old.length > 0) {
      foreach('_foreach_mul_', 'Scalar', old, momentum)
      foreach(
        '_foreach_add_',
        'List',
        old,
        gradients.filter((_, i) => known[i]),
        1 - dampening,
      )
    }
    return params.map((param, i) => known[i] ?? this.#start(param, gradients[i]))
  }

  #start(param: Tensor, gradient: Tensor): Tensor {
    const buffer = keep(gradient.clone())
    this.#momentum.set(param, buffer)
    return buffer
  }

  /** Forgets all gradients, so that the next backward starts from nothing. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const param of params) param.grad = null
  }
}

const foreach = (name: string, overload: string, ...args: unknown[]): Tensor[] =>
  callOperator(`aten::${name}`, overload, ...args) as Tensor[]

const asGroups = (params: readonly Tensor[] | readonly ParamGroup[]): readonly ParamGroup[] =>
  params.length > 0 && 'params' in params[0]
    ? (params as readonly ParamGroup[])
    : [{ params: params as readonly Tensor[] }]

function checkGroup(group: FullGroup): void {
  for (const key of ['lr', 'momentum', 'weightDecay'] as const)
    if (!(group[key] >= 0))
      throw new ArgumentError(`Expected a number >= 0 for \`${key}\` but received ${group[key]}.`)
  if (!Number.isFinite(group.dampening))
    throw new ArgumentError(`Expected a number for \`dampening\` but received ${group.dampening}.`)
  if (group.nesterov && (group.momentum <= 0 || group.dampening !== 0))
    throw new ArgumentError(
      `Expected momentum > 0 and no dampening for \`nesterov\` but received momentum ${group.momentum} and dampening ${group.dampening}.`,
    )
}
