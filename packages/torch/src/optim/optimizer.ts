// What all optimizers share: groups of parameters with their options, state by parameter, and state
// dicts. A subclass says how one group is updated, and nothing else.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { zerosLike } from '../generated/functions.ts'
import { keep, tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { negative } from './foreach.ts'
import { checkFits, type OptimizerStateDict, type ParamState, restored } from './state-dict.ts'

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Learning rate, >= 0. */
  lr?: number
  /** Default 0, unless the optimizer says otherwise. */
  weightDecay?: number
  /** Step up the gradient: everything is done with its negative. Default false. */
  maximize?: boolean
}

/** Parameters that share options; what a group leaves out comes from the optimizer's own. */
export type ParamGroup<O extends OptimizerOptions = OptimizerOptions> = {
  params: readonly Tensor[]
} & { [K in keyof O]?: O[K] | undefined }

/** A group with all its options; schedules write `lr`. */
export type FullGroup<O extends OptimizerOptions = OptimizerOptions> = {
  params: readonly Tensor[]
} & Required<O>

/**
 * Base of the optimizers. Updates are made in place and without recording; parameters that have no
 * gradient are left alone, and their state (step counts too) does not advance.
 */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  readonly paramGroups: FullGroup<O>[] = []
  /** State by parameter; empty before a parameter's first step. */
  readonly state = new Map<Tensor, ParamState>()
  readonly #defaults: Required<O>

  /**
   * @param defaults every option's value where neither `options` nor a group gives one.
   * @throws ArgumentError for no parameters at all, and for all that addParamGroup refuses.
   */
  constructor(
    params: readonly Tensor[] | readonly ParamGroup<O>[],
    options: O,
    defaults: Required<O>,
  ) {
    this.#defaults = merged(defaults, options)
    if (params.length === 0)
      throw new ArgumentError('Expected at least one tensor or group for `params` but received [].')
    for (const group of asGroups(params)) this.addParamGroup(group)
  }

  /** @throws ArgumentError for options out of range. */
  protected abstract check(group: FullGroup<O>): void

  /** Updates `params`, which are those of `group` that have `gradients`; at least one. */
  protected abstract update(
    group: FullGroup<O>,
    params: readonly Tensor[],
    gradients: readonly Tensor[],
  ): void

  /** Looks at the gradients of all groups before the first is updated, where that matters. */
  protected prepare(_gradients: readonly Tensor[]): void {}

  /**
   * Adds parameters, with options of their own.
   *
   * @throws ArgumentError for options out of range, a tensor that is not a leaf, and one that the
   *   optimizer has already.
   */
  addParamGroup(group: ParamGroup<O>): void {
    const { params, ...options } = group
    const full = {
      ...merged(this.#defaults, options as unknown as Partial<O>),
      params: [...params],
    }
    this.check(full)
    const known = new Set(this.paramGroups.flatMap(other => other.params))
    for (const param of full.params) {
      if (known.has(param))
        throw new ArgumentError(
          `Expected each parameter once but received one of shape [${param.shape}] twice.`,
        )
      if (!param.isLeaf)
        throw new ArgumentError(
          `Expected leaf tensors for \`params\` but received a result of shape [${param.shape}]. Pass the parameter that it was made from.`,
        )
      known.add(param)
    }
    this.paramGroups.push(full)
  }

  /** Updates every parameter that has a gradient; the others are left alone. */
  step(): void {
    noGrad(() => tidy(() => this.#stepGroups()))
  }

  #stepGroups(): void {
    const pending = this.paramGroups.map(withGradients).filter(({ params }) => params.length > 0)
    if (pending.length > 0) this.prepare(pending.flatMap(({ gradients }) => gradients))
    // A scope each, so that only one group's intermediate tensors live at a time.
    for (const { group, params, gradients } of pending)
      tidy(() => this.update(group, params, group.maximize ? negative(gradients) : gradients))
  }

  /** Forgets all gradients, so that the next backward starts from nothing. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const param of params) param.grad = null
  }

  /**
   * Options and state, laid out as PyTorch's: state by the parameter's index over all groups. The
   * tensors are the optimizer's own, which the next step changes: save or clone them.
   */
  stateDict(): OptimizerStateDict {
    const all = this.paramGroups.flatMap(({ params }) => params)
    const index = new Map(all.map((param, i) => [param, i]))
    return {
      state: Object.fromEntries(
        all.flatMap((param, i) =>
          this.state.has(param) ? [[i, { ...this.state.get(param) }]] : [],
        ),
      ) as Record<number, ParamState>,
      paramGroups: this.paramGroups.map(group => ({
        ...(structuredClone({ ...group, params: null }) as object),
        params: group.params.map(param => index.get(param) as number),
      })),
    }
  }

  /**
   * Continues from `dict`: the next steps are those that the saved optimizer would have taken.
   * Copies its tensors, to the dtype and device of their parameters.
   *
   * @throws ArgumentError when groups, their sizes or shapes are not this optimizer's; nothing is
   *   changed then.
   */
  loadStateDict(dict: OptimizerStateDict): void {
    checkFits(this.paramGroups, dict)
    const groups = this.paramGroups.map((group, i) => ({
      ...merged(this.#defaults, dict.paramGroups[i] as Partial<O>),
      params: group.params,
    }))
    for (const group of groups) this.check(group)
    const all = groups.flatMap(({ params }) => params)
    // Copied before anything is released: `dict` may be this optimizer's own.
    const copies = Object.entries(dict.state).map(([index, state]) => {
      const param = all[Number(index)]
      return [param, restored(state, param)] as const
    })
    for (const state of this.state.values()) dispose(state)
    this.state.clear()
    for (const [param, state] of copies) this.state.set(param, state)
    this.paramGroups.splice(0, groups.length, ...groups)
  }
}

function withGradients<G extends { params: readonly Tensor[] }>(group: G) {
  const gradients = group.params.map(param => param.grad)
  return {
    group,
    params: group.params.filter((_, i) => gradients[i]),
    gradients: gradients.filter(gradient => gradient !== null),
  }
}

function dispose(state: ParamState): void {
  for (const value of Object.values(state)) if (typeof value !== 'number') value.dispose()
}

const asGroups = <O extends OptimizerOptions>(
  params: readonly Tensor[] | readonly ParamGroup<O>[],
): readonly ParamGroup<O>[] =>
  'params' in params[0]
    ? (params as readonly ParamGroup<O>[])
    : [{ params: params as readonly Tensor[] } as ParamGroup<O>]

/** `defaults`, with those of `options` that it knows and that are given. */
function merged<O extends object>(defaults: Required<O>, options: Partial<O>): Required<O> {
  const keys = Object.keys(defaults) as (keyof O)[]
  return Object.fromEntries(
    keys.map(key => [
      key,
      structuredClone(options[key] === undefined ? defaults[key] : options[key]),
    ]),
  ) as Required<O>
}

/** The state of `param`, empty at first. */
export function stateOf(state: Map<Tensor, ParamState>, param: Tensor): ParamState {
  const known = state.get(param) ?? {}
  state.set(param, known)
  return known
}

/** State `name` of each parameter; zeros in its layout where there is none yet. */
export function buffers(
  state: Map<Tensor, ParamState>,
  params: readonly Tensor[],
  name: string,
): Tensor[] {
  return params.map(param => {
    const own = stateOf(state, param)
    own[name] ??= keep(zerosLike(param))
    return own[name] as Tensor
  })
}

/** Counts one more step for each parameter: the counts, from 1. */
export const advance = (state: Map<Tensor, ParamState>, params: readonly Tensor[]): number[] =>
  params.map(param => {
    const own = stateOf(state, param)
    own.step = ((own.step as number | undefined) ?? 0) + 1
    return own.step
  })

/** @throws ArgumentError unless each of `names` is a number >= 0 in `group`. */
export function checkNotNegative<G extends object>(group: G, names: readonly (keyof G)[]): void {
  for (const name of names) {
    const value = group[name]
    if (!(typeof value === 'number' && value >= 0))
      throw new ArgumentError(
        `Expected a number >= 0 for \`${String(name)}\` but received ${value}.`,
      )
  }
}

/** @throws ArgumentError unless `value` is a decay: >= 0 and < 1. */
export function checkDecay(name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new ArgumentError(`Expected a number >= 0 and < 1 for \`${name}\` but received ${value}.`)
}
