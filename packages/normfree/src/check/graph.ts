// One forward pass as a graph of what its operators do to a signal: weigh, bend, scale, normalize,
// pool, add. It is read off the operators, so that it says the same of anybody's modules. Each node
// keeps numbers, no tensor.
import { nn, noGrad, ops, Tensor, tidy } from '@normfree/torch'
import type { ActivationMoments } from '../gain.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ModulePath, namingModule } from '../module-path.ts'
import { type Kernel, kernelOf } from './kernel.ts'
import { isActivation, operatorMoments } from './moments.ts'

/** What came out of an operator on the noise, per channel (dimension 1). */
export interface Measured {
  squaredMean: number
  variance: number
  /** Share of the channels that put out (nearly) one value everywhere. */
  deadShare: number
  /** Values a channel. */
  samples: number
}

/** What an operator does to the signal. */
export type Step =
  | { kind: 'input' | 'norm' | 'pool' | 'mean' | 'gate' | 'pass' | 'other' }
  /** A convolution or linear layer. */
  | { kind: 'weight'; kernel: Kernel }
  | { kind: 'activation'; moments: ActivationMoments; scaled: Scaled | null }
  /** Times a number; of a tensor, times the root of its mean square. Learned: a parameter itself. */
  | { kind: 'scale'; factor: number; learned: boolean }
  /** Zeros around the image: in front of and behind each direction, the last one first. */
  | { kind: 'pad'; amounts: readonly number[] }
  /** first + alpha * second */
  | { kind: 'sum'; alpha: number }

/** A {@link ScaledActivation} and its dotted name. */
export interface Scaled {
  name: string
  module: ScaledActivation
}

/** One operator whose result depends on the input. */
export interface SignalNode<S extends Step = Step> {
  /** Place in the order of the pass; 0 is the input. */
  index: number
  operator: string
  /** Dotted name of the innermost module that called it, '' for the model itself. */
  module: string
  shape: readonly number[]
  /** Those it was made of that depend on the input themselves. */
  inputs: readonly SignalNode[]
  step: S
  /** Null where nothing per channel can be told. */
  measured: Measured | null
}

export type WeightNode = SignalNode<Extract<Step, { kind: 'weight' }>>
export type ActivationNode = SignalNode<Extract<Step, { kind: 'activation' }>>
export type SumNode = SignalNode<Extract<Step, { kind: 'sum' }>>

export const isWeight = (node: SignalNode): node is WeightNode => node.step.kind === 'weight'
export const isActivationNode = (node: SignalNode): node is ActivationNode =>
  node.step.kind === 'activation'
/** What to call a layer that may stand in the model's own forward. */
export const layerName = ({ module, operator }: SignalNode): string =>
  module || `a ${operator} in the model itself`

export const isSum = (node: SignalNode): node is SumNode => node.step.kind === 'sum'

/**
 * The operators of `model(input)`, in the mode that the model is in. Buffers may change: run it
 * through `undisturbed`.
 *
 * @throws ArgumentError naming the module in which the model fails.
 */
export function signalGraph(model: nn.Module, input: Tensor): SignalNode[] {
  const recorder = new Recorder(model, input)
  const pass = () =>
    ops.observe(
      (operator, args, result) => recorder.record(operator, args, result),
      () => void model(input),
    )
  try {
    noGrad(() => tidy(() => namingModule(recorder.modules, input, pass)))
  } finally {
    recorder.modules.remove()
  }
  return recorder.nodes
}

class Recorder {
  readonly nodes: SignalNode[] = []
  readonly modules: ModulePath
  readonly #known = new WeakMap<object, SignalNode>()
  readonly #byName: ReadonlyMap<string, nn.AnyModule>

  constructor(model: nn.Module, input: Tensor) {
    this.#byName = new Map(model.namedModules())
    this.modules = new ModulePath(model)
    this.#add(input, { operator: 'input', module: '', inputs: [], step: { kind: 'input' } })
  }

  record(called: string, args: readonly unknown[], result: unknown): void {
    const inputs = args.flat().flatMap(arg => this.#nodeOf(arg) ?? [])
    const results = (Array.isArray(result) ? result : [result]).filter(isTensor)
    if (inputs.length === 0 || results.length === 0) return
    const operator = called.split('.')[0].replace(/(?<=.)_$/, '')
    // What overwrites a tensor of the model (running means) is no part of the signal.
    const overwrites = called.split('.')[0].endsWith('_')
    if (overwrites && !this.#nodeOf(args[0])) return
    const module = this.modules.current
    const step = this.#stepOf(operator, args, inputs, module)
    for (const tensor of results) this.#add(tensor, { operator, module, inputs, step })
  }

  #nodeOf(value: unknown): SignalNode | undefined {
    return isTensor(value) ? this.#known.get(value) : undefined
  }

  #add(tensor: Tensor, node: Omit<SignalNode, 'index' | 'shape' | 'measured'>): void {
    const measured = MEASURED.includes(node.step.kind) ? measure(tensor) : null
    const added = { ...node, index: this.nodes.length, shape: tensor.shape, measured }
    this.nodes.push(added)
    this.#known.set(tensor, added)
  }

  #stepOf(
    operator: string,
    args: readonly unknown[],
    inputs: readonly SignalNode[],
    module: string,
  ): Step {
    if (inputs.length > 1) return stepOfSeveral(operator, args, inputs)
    if (WEIGHTS.includes(operator) && isTensor(args[1]))
      return { kind: 'weight', kernel: kernelOf(operator, args, inputs[0]) }
    if (isActivation(operator)) {
      const scaled = this.#scaledAround(module)
      return { kind: 'activation', moments: operatorMoments(operator, args.slice(1)), scaled }
    }
    if (operator === 'mul' || operator === 'div') return scaleBy(operator, args)
    if ((operator === 'pad' && padsWithNumber(args)) || operator === 'constant_pad_nd')
      return { kind: 'pad', amounts: args[1] as readonly number[] }
    return { kind: KINDS[operator] ?? 'pass' }
  }

  /** The scaled activation that is `module` or owns it. */
  #scaledAround(module: string): Scaled | null {
    const owner = module.split('.').slice(0, -1).join('.')
    for (const name of [module, owner]) {
      const found = this.#byName.get(name)
      if (found instanceof ScaledActivation) return { name, module: found }
    }
    return null
  }
}

const WEIGHTS = ['conv2d', 'conv1d', 'linear']

const KINDS: Readonly<Record<string, 'norm' | 'pool' | 'mean'>> = {
  batch_norm: 'norm',
  group_norm: 'norm',
  layer_norm: 'norm',
  instance_norm: 'norm',
  max_pool2d: 'pool',
  avg_pool2d: 'pool',
  adaptive_avg_pool2d: 'mean',
  mean: 'mean',
}

const MEASURED: readonly Step['kind'][] = ['input', 'weight', 'activation', 'norm', 'sum', 'gate']

/** Of the largest variance of a channel: smooth activations are never quite constant. */
const DEAD = 1e-6

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor

/** Mirrored or repeated edges are signal, zeros are none. */
const padsWithNumber = ([, , mode = 'constant']: readonly unknown[]): boolean => mode === 'constant'

function stepOfSeveral(
  operator: string,
  args: readonly unknown[],
  [first, second]: readonly SignalNode[],
): Step {
  const alike = first.shape.join() === second.shape.join()
  if ((operator === 'add' || operator === 'sub') && alike) {
    const alpha = typeof args[2] === 'number' ? args[2] : 1
    return { kind: 'sum', alpha: operator === 'add' ? alpha : -alpha }
  }
  return { kind: operator === 'mul' ? 'gate' : 'other' }
}

function scaleBy(operator: string, args: readonly unknown[]): Step {
  const by = args.find(arg => typeof arg === 'number' || (isTensor(arg) && arg !== args[0]))
  const size =
    by === undefined
      ? 1
      : isTensor(by)
        ? tidy(() => by.detach().to('float64').square().mean().sqrt().item())
        : (by as number)
  const learned = by instanceof nn.Parameter
  return { kind: 'scale', factor: operator === 'mul' ? size : 1 / size, learned }
}

function measure(x: Tensor): Measured | null {
  if (x.dim < 2 || !x.dtype.includes('float')) return null
  return tidy(() => {
    const others = [...x.shape.keys()].filter(dim => dim !== 1)
    const [variance, mean] = x.detach().to('float32').varMean(others, { correction: 0 })
    return {
      squaredMean: mean.square().mean().item(),
      variance: variance.mean().item(),
      deadShare: variance.le(variance.max().mul(DEAD)).to('float32').mean().item(),
      samples: x.numel / x.shape[1],
    }
  })
}
