// Residual sums of a forward pass, whatever modules it is written in. A sum x + f(x) is known by its
// operands: both have the same shape and descend from one tensor, and one of them lies behind more
// weight layers than the other: that one is the branch.
import { Tensor } from '@normfree/torch'
import type { ModuleCall } from './timeline.ts'

/** A tensor that depends on the input: the event at which it was made, and what it was made of. */
export interface Origin {
  event: number
  parents: readonly Origin[]
  /** Weight layers on the longest way from the input. */
  layers: number
  /** What it is a multiple of, where the factor does not depend on the input, or what was dropped from it. */
  unscaled: Origin | null
}

/** One residual sum. */
export interface ResidualSum {
  /** Event of the addition. */
  event: number
  /** Which argument of it is the branch. */
  branchArgument: 0 | 1
  /** Event that made the branch, before it was scaled, or parts of it dropped. */
  branch: number
  /** Event that made the tensor that both operands descend from. */
  fork: number
  /** Calls in which the whole sum lies, from the fork to the addition, the outermost first. */
  calls: readonly ModuleCall[]
  shape: readonly number[]
}

/** `add.Tensor` and `add_.Tensor` are `add`. */
export const baseName = (operator: string): string =>
  operator.split('.')[0].replace(/^__i|_*$/g, '')

const WEIGHT_LAYER =
  /^(_?convolution.*|conv[123]d|conv_transpose.*|linear|addmm|mm|matmul|bmm|addbmm)$/
const DROPOUT = /dropout$/
const SCALING = /^(mul|multiply|div|divide|true_divide)$/
/** They take sizes from a tensor and no values. */
const LIKE = /^new_|_like$/

/** Whether an operator is a convolution or a linear layer. */
export const isWeightLayer = (operator: string): boolean => WEIGHT_LAYER.test(baseName(operator))

/** The tensors of an argument, or of a result. */
export function* tensorsOf(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) yield value
  else if (Array.isArray(value)) for (const each of value) yield* tensorsOf(each)
}

/** The first tensor of an argument, or of a result. */
export const firstTensor = (value: unknown): Tensor | undefined => tensorsOf(value).next().value

/** Learns from every operator of a pass what each tensor was made of. It keeps no tensor. */
export class Lineage {
  readonly #origins = new WeakMap<Tensor, Origin>()

  /** Tells that `inputs` are what the model is given. */
  begin(event: number, inputs: readonly unknown[]): void {
    for (const tensor of tensorsOf(inputs))
      this.#origins.set(tensor, { event, parents: [], layers: 0, unscaled: null })
  }

  /** Tells of an operator; the origin of its result, null where that does not depend on the input. */
  record(
    event: number,
    operator: string,
    args: readonly unknown[],
    result: unknown,
  ): Origin | null {
    const name = baseName(operator)
    if (LIKE.test(name)) return null
    const known = [...tensorsOf(args)].flatMap(tensor => this.#origins.get(tensor) ?? [])
    const parents = [...new Set(known)]
    if (parents.length === 0) return null
    const layers =
      Math.max(...parents.map(parent => parent.layers)) + (WEIGHT_LAYER.test(name) ? 1 : 0)
    const origin = { event, parents, layers, unscaled: this.#unscaled(name, args) }
    for (const tensor of tensorsOf(result)) this.#origins.set(tensor, origin)
    return origin
  }

  /** The operands' origins where an operator may be a residual sum. To be asked before `record`. */
  operandsOf(operator: string, args: readonly unknown[]): readonly [Origin, Origin] | null {
    const [a, b] = args
    if (baseName(operator) !== 'add' || !(a instanceof Tensor && b instanceof Tensor)) return null
    const [first, second] = [this.#origins.get(a), this.#origins.get(b)]
    if (!first || !second || first.layers === second.layers || !isMap(a)) return null
    return a.shape.join() === b.shape.join() ? [first, second] : null
  }

  #unscaled(name: string, args: readonly unknown[]): Origin | null {
    const [base, factor] = args
    if (!(base instanceof Tensor)) return null
    if (DROPOUT.test(name)) return this.#origins.get(base) ?? null
    if (!SCALING.test(name)) return null
    const scaled = (tensor: Tensor, by: unknown) =>
      !(by instanceof Tensor) || (!this.#origins.has(by) && isVector(by))
        ? (this.#origins.get(tensor) ?? null)
        : null
    const swaps = name.startsWith('mul') && factor instanceof Tensor
    return scaled(base, factor) ?? (swaps ? scaled(factor, base) : null)
  }
}

/** (N, C) or (N, C, H, W), which have channels where we look for them. */
export const isMap = ({ dim }: Tensor): boolean => dim === 2 || dim === 4

/** One number, or one for every sample or channel. */
const isVector = ({ shape }: Tensor): boolean => shape.filter(size => size !== 1).length <= 1

/** The residual sum that an addition is. */
export function residualSum(
  event: number,
  operands: readonly [Origin, Origin],
  shape: readonly number[],
  calls: readonly ModuleCall[],
): ResidualSum | null {
  const branchArgument = operands[0].layers > operands[1].layers ? 0 : 1
  const junction = commonAncestor(...operands)
  if (!junction) return null
  let branch = operands[branchArgument]
  while (branch.unscaled) branch = branch.unscaled
  const around = calls.filter(({ entered }) => entered < junction.next)
  return {
    ...{ event, branchArgument, branch: branch.event, fork: junction.fork },
    ...{ calls: around, shape },
  }
}

/** The last tensor that both descend from, and the event of the first step away from it. */
function commonAncestor(a: Origin, b: Origin): { fork: number; next: number } | null {
  const sides = new Map([
    [a, 1],
    [b, 2],
  ])
  const open = [a, b]
  let next = Number.POSITIVE_INFINITY
  while (open.length > 0) {
    // Parents are older than what is made of them: the latest has been reached from all its children.
    const latest = open.reduce((best, each) => (each.event > best.event ? each : best))
    open.splice(open.indexOf(latest), 1)
    const side = sides.get(latest) as number
    if (side === 3) return { fork: latest.event, next }
    next = latest.event
    for (const parent of latest.parents) {
      if (!sides.has(parent)) open.push(parent)
      sides.set(parent, (sides.get(parent) ?? 0) | side)
    }
  }
  return null
}
