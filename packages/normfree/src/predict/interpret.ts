// Follows a pass operator by operator and works out the moments of every tensor that depends on the
// input, from those of what it was made of.
import { type nn, Tensor } from '@normfree/torch'
import { AddBias } from '../layers/add-bias.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { inModule, ModulePath, namingModule } from '../module-path.ts'
import {
  constantEstimate,
  Estimate,
  gridOf,
  isOperand,
  type Operand,
  type Rules,
  Unpredicted,
} from './estimate.ts'
import { centred, type Moments, mapCells, sum, uniform } from './moments.ts'
import { ELEMENTWISE } from './rules/elementwise.ts'
import { LAYER } from './rules/layer.ts'
import { POSITION } from './rules/position.ts'
import { unbounded } from './texture.ts'

const RULES: Rules = { ...ELEMENTWISE, ...LAYER, ...POSITION }

/** What a module makes of its input, for those whose operators do not tell; null for all others. */
function ruleOf(module: nn.AnyModule): ((x: Moments) => Moments) | null {
  if (module instanceof StochasticDepth && module.dropRate > 0) return x => dropped(x, module)
  if (!(module instanceof AddBias) || module.count.item() >= module.batches) return null
  // It takes the channels' own means away while it gathers them.
  return x => sum(centred(x), constantEstimate(module._bias).moments, 0.01)
}

/** Without whole samples: a share of the mean goes, and of the second moment. */
function dropped(x: Moments, { dropRate, scaleByKeep }: StochasticDepth): Moments {
  const keep = 1 - dropRate
  const factor = scaleByKeep ? 1 / keep : 1
  return mapCells({ ...x, texture: unbounded(x.texture) }, ({ mean, spread, variance }) => ({
    mean: keep * factor * mean,
    spread: keep * factor * spread,
    variance: keep * factor ** 2 * (variance + dropRate * (mean ** 2 + spread ** 2)),
  }))
}

/** Operators whose first argument need not depend on the input. */
const SYMMETRIC = /^(add|sub|mul|div|cat)(_?\.|$)/

/** What is known of the tensors of one pass. Operators without a rule are named in `notes`. */
export class Interpreter {
  readonly notes: string[] = []
  readonly #estimates = new WeakMap<object, Estimate | 'unknown'>()
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
    this.#estimates.set(input, new Estimate(uniform(gridOf(input.shape, this.#smooth), noise)))
    this.#within = 0
    this.#path = new ModulePath(this.#model)
    const handles = this.#model.modules().flatMap(module => this.#follow(module))
    try {
      namingModule(this.#path, input, pass)
    } finally {
      for (const handle of [this.#path, ...handles]) handle.remove()
    }
  }

  /** What is known of a tensor; null where nothing is. */
  momentsOf(tensor: Tensor): Moments | null {
    const estimate = this.#estimates.get(tensor)
    return estimate instanceof Estimate ? estimate.moments : null
  }

  /** To be told of every operator of the pass, after it ran. */
  record(operator: string, args: readonly unknown[], result: unknown): void {
    if (this.#within > 0 || !this.#dependsOnInput(args)) return
    const tensors = (Array.isArray(result) ? result : [result]).filter(isTensor)
    if (tensors.length === 0) return
    const estimate = this.#isUnknown(args) ? 'unknown' : this.#predict(operator, args, tensors[0])
    tensors.forEach((tensor, i) => {
      this.#estimates.set(tensor, i > 0 && estimate !== 'unknown' ? estimate.apart() : estimate)
    })
  }

  #follow(module: nn.AnyModule): nn.RemovableHandle[] {
    const rule = ruleOf(module)
    if (!rule) return []
    let moments: Moments | null = null
    return [
      module.registerForwardPreHook((_, [x]) => {
        moments = x instanceof Tensor ? this.momentsOf(x) : null
        if (moments) this.#within++
      }),
      module.registerForwardHook((_, __, y) => {
        if (!moments) return
        this.#within--
        this.#estimates.set(y as Tensor, new Estimate(rule(moments)))
      }),
    ]
  }

  #predict(operator: string, args: readonly unknown[], { shape }: Tensor): Estimate | 'unknown' {
    // Those that write into their input are the same function: relu_, add_.Tensor.
    const rule = RULES[operator] ?? RULES[operator.replace(/_(?=\.|$)/, '')]
    const call = {
      shape,
      smooth: this.#smooth,
      kernelOf: (weight: Tensor) => this.#kernels.get(weight)?.() ?? weight,
    }
    try {
      if (!rule) throw new Unpredicted('no rule for this operator')
      const operands = args.map(arg => this.#argument(arg))
      if (!isOperand(operands[0]) && !SYMMETRIC.test(operator))
        throw new Unpredicted('a first argument that does not depend on the input')
      return rule(call, ...(operands as never[]))
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
      : isTensor(arg) && this.#estimates.has(arg)
  }

  #isUnknown(arg: unknown): boolean {
    return Array.isArray(arg)
      ? arg.some(each => this.#isUnknown(each))
      : isTensor(arg) && this.#estimates.get(arg) === 'unknown'
  }

  #argument(arg: unknown): unknown {
    if (Array.isArray(arg)) return arg.map(each => this.#argument(each))
    const estimate = isTensor(arg) ? this.#estimates.get(arg) : undefined
    return estimate instanceof Estimate
      ? ({ estimate, shape: (arg as Tensor).shape } satisfies Operand)
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
