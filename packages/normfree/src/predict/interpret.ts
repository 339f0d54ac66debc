// Follows a pass operator by operator and works out the moments of every tensor that depends on the
// input, from those of what it was made of.
import { type nn, ops, Tensor } from '@normfree/torch'
import { AddBias } from '../layers/add-bias.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { inModule, ModulePath } from '../module-path.ts'
import { type Moments, mapCells, statisticsOf, sum, uniform } from './moments.ts'
import { ELEMENTWISE } from './rules/elementwise.ts'
import { LAYER } from './rules/layer.ts'
import { POSITION } from './rules/position.ts'
import { constantSignal, gridOf, type Operand, type Rules, Signal, Unpredicted } from './signal.ts'

const RULES: Rules = { ...ELEMENTWISE, ...LAYER, ...POSITION }

/** What a module makes of its input, for those whose operators do not tell. */
type ModuleRule = (x: Moments, module: nn.AnyModule) => Moments | null

/** Drops whole samples: a share of the mean goes, and of the second moment. */
const stochasticDepth: ModuleRule = (x, module) => {
  if (!(module instanceof StochasticDepth) || module.dropRate === 0) return null
  const keep = 1 - module.dropRate
  const factor = module.scaleByKeep ? 1 / keep : 1
  return mapCells(x, ({ mean, spread, variance }) => ({
    mean: keep * factor * mean,
    spread: keep * factor * spread,
    variance: keep * factor ** 2 * (variance + (1 - keep) * (mean ** 2 + spread ** 2)),
  }))
}

/** Takes the channels' own means away while it gathers them. */
const addBias: ModuleRule = (x, module) => {
  if (!(module instanceof AddBias) || module.count.item() >= module.batches) return null
  const { variance } = statisticsOf(x)
  const centred = uniform(x.grid, { mean: 0, spread: 0, variance })
  return sum(centred, constantSignal(module._bias).moments, 0.01)
}

const MODULE_RULES = [stochasticDepth, addBias]

/** Signals of the tensors of one pass. Operators without a rule are named in `notes`. */
export class Interpreter {
  readonly notes: string[] = []
  readonly #signals = new WeakMap<object, Signal | 'unknown'>()
  readonly #kernels: ReadonlyMap<Tensor, () => Tensor>
  #path: ModulePath | null = null
  readonly #model: nn.AnyModule
  readonly #smooth: boolean
  /** How many modules with a rule of their own are running. */
  #within = 0

  constructor(model: nn.AnyModule, smooth: boolean) {
    this.#smooth = smooth
    this.#kernels = standardizedKernels(model)
    this.#model = model
  }

  /** Runs `pass`, in which `input` has unit variance and no mean. */
  run(input: Tensor, pass: () => void): void {
    const noise = { mean: 0, spread: 0, variance: 1 }
    this.#signals.set(input, new Signal(uniform(gridOf(input.shape, this.#smooth), noise)))
    const path = new ModulePath(this.#model)
    this.#path = path
    const handles = this.#model.modules().flatMap(module => this.#follow(module))
    try {
      ops.observe((operator, args, result) => this.#record(operator, args, result), pass)
    } finally {
      for (const handle of [path, ...handles]) handle.remove()
    }
  }

  /** What is known of a tensor; null where nothing is. */
  momentsOf(tensor: Tensor): Moments | null {
    const signal = this.#signals.get(tensor)
    return signal instanceof Signal ? signal.moments : null
  }

  #follow(module: nn.AnyModule): nn.RemovableHandle[] {
    if (!(module instanceof StochasticDepth || module instanceof AddBias)) return []
    let expected: Moments | null = null
    return [
      module.registerForwardPreHook((_, [x]) => {
        const moments = x instanceof Tensor ? this.momentsOf(x) : null
        expected =
          moments &&
          MODULE_RULES.reduce<Moments | null>((found, rule) => found ?? rule(moments, module), null)
        if (expected) this.#within++
      }),
      module.registerForwardHook((_, __, y) => {
        if (!expected) return
        this.#within--
        this.#signals.set(y as Tensor, new Signal(expected))
      }),
    ]
  }

  #record(operator: string, args: readonly unknown[], result: unknown): void {
    if (this.#within > 0 || !this.#dependsOnInput(args)) return
    const tensors = (Array.isArray(result) ? result : [result]).filter(isTensor)
    if (tensors.length === 0) return
    const signal = this.#isUnknown(args) ? 'unknown' : this.#predict(operator, args, tensors[0])
    for (const tensor of tensors) this.#signals.set(tensor, signal)
  }

  #predict(operator: string, args: readonly unknown[], { shape }: Tensor): Signal | 'unknown' {
    // Those that write into their input are the same function: relu_, add_.Tensor.
    const rule = RULES[operator] ?? RULES[operator.replace(/_(?=\.|$)/, '')]
    const call = {
      shape,
      smooth: this.#smooth,
      kernelOf: (weight: Tensor) => this.#kernels.get(weight)?.() ?? weight,
    }
    try {
      if (!rule) throw new Unpredicted('no rule for this operator')
      return rule(call, ...(args.map(arg => this.#argument(arg)) as never[]))
    } catch (error) {
      if (!(error instanceof Unpredicted)) throw error
      this.notes.push(
        `${operator}${inModule(this.#path?.current ?? '')}: ${error.message}; nothing is predicted of what follows from it.`,
      )
      return 'unknown'
    }
  }

  #dependsOnInput(arg: unknown): boolean {
    return Array.isArray(arg)
      ? arg.some(each => this.#dependsOnInput(each))
      : isTensor(arg) && this.#signals.has(arg)
  }

  #isUnknown(arg: unknown): boolean {
    return Array.isArray(arg)
      ? arg.some(each => this.#isUnknown(each))
      : isTensor(arg) && this.#signals.get(arg) === 'unknown'
  }

  #argument(arg: unknown): unknown {
    if (Array.isArray(arg)) return arg.map(each => this.#argument(each))
    const signal = isTensor(arg) ? this.#signals.get(arg) : undefined
    return signal instanceof Signal
      ? ({ signal, shape: (arg as Tensor).shape } satisfies Operand)
      : arg
  }
}

/** Modules that standardize their kernel may take the raw one for a batch of no images. */
function standardizedKernels(model: nn.AnyModule): Map<Tensor, () => Tensor> {
  type Standardizing = nn.AnyModule & { weight: Tensor; standardizedWeight(): Tensor }
  const standardizing = (module: nn.AnyModule): module is Standardizing =>
    'standardizedWeight' in module
  return new Map(
    model
      .modules()
      .filter(standardizing)
      .map(module => [module.weight, () => module.standardizedWeight()]),
  )
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor
