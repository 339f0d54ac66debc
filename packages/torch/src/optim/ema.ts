// Exponential moving averages of a model's weights, which are evaluated in its stead.
import { noGrad } from '../autograd.ts'
import { ArgumentError, refusePromise } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { AnyModule } from '../nn/module.ts'
import { Parameter } from '../nn/parameter.ts'
import type { Tensor } from '../tensor.ts'
import { average_ } from './foreach.ts'
import { checkDecay } from './optimizer.ts'
import { snapshot } from './state-dict.ts'

/** Options of {@link ExponentialMovingAverage}. */
export interface ExponentialMovingAverageOptions {
  /** Default 0.9999. */
  decay?: number
  /** Start with a short memory: decay min(decay, (1 + i) / (10 + i)) at update i. Default true. */
  warmup?: boolean
  /** Running statistics are averaged like parameters, or copied. Default 'average'. */
  buffers?: 'average' | 'copy'
}

/** Averages under the model's names, and how many updates they have seen. */
export interface ExponentialMovingAverageStateDict {
  averages: Map<string, Tensor>
  updates: number
}

/**
 * average = d average + (1 - d) weight after every step, starting at the weights as they are, with
 * d = min(decay, (1 + i) / (10 + i)) and i counted from 0: the averages of the NF-ResNet and NFNet
 * experiments (deepmind-research/nfnets), which average running statistics too; timm's ModelEma
 * without `warmup`. Integer buffers are copied.
 *
 * @example
 * optimizer.step()
 * ema.update()
 * const accuracy = ema.use(() => evaluate(model))
 */
export class ExponentialMovingAverage {
  readonly #model: AnyModule
  readonly #averages: Map<string, Tensor>
  readonly #options: Required<ExponentialMovingAverageOptions>
  #updates = 0

  /** @throws ArgumentError for a decay outside of [0, 1). */
  constructor(model: AnyModule, options: ExponentialMovingAverageOptions = {}) {
    const { decay = 0.9999, warmup = true, buffers = 'average' } = options
    checkDecay('decay', decay)
    this.#model = model
    this.#options = { decay, warmup, buffers }
    const copies = [...model.stateDict()].map(([name, tensor]) => [name, snapshot(tensor)] as const)
    this.#averages = new Map(copies)
  }

  /** The decay of the next update. */
  get decay(): number {
    const { decay, warmup } = this.#options
    return warmup ? Math.min(decay, (1 + this.#updates) / (10 + this.#updates)) : decay
  }

  /** Takes the model's weights into the averages; call it after every optimizer step. */
  update(): void {
    const { decay } = this
    const pairs = this.#pairs()
    const averaged = pairs.filter(({ weight }) => this.#isAveraged(weight))
    noGrad(() =>
      tidy(() => {
        if (averaged.length > 0)
          average_(
            averaged.map(({ average }) => average),
            averaged.map(({ weight }) => weight),
            decay,
          )
        for (const { average, weight } of pairs)
          if (!this.#isAveraged(weight)) average.copy_(weight)
      }),
    )
    this.#updates++
  }

  #isAveraged(weight: Tensor): boolean {
    if (weight instanceof Parameter) return true
    return this.#options.buffers === 'average' && weight.dtype.includes('float')
  }

  #pairs(): { average: Tensor; weight: Tensor }[] {
    return [...this.#model.stateDict()].map(([name, weight]) => ({
      weight,
      average: this.#averages.get(name) as Tensor,
    }))
  }

  /** Runs `work` with the averages as the model's weights, which come back whatever happens. */
  use<T>(work: () => T): T {
    const pairs = this.#pairs()
    const weights = pairs.map(({ weight }) => snapshot(weight))
    noGrad(() => {
      for (const { weight, average } of pairs) weight.copy_(average)
    })
    try {
      const result = work()
      refusePromise(result, 'work')
      return result
    } finally {
      noGrad(() => {
        for (const [i, { weight }] of pairs.entries()) weight.copy_(weights[i])
      })
      for (const weight of weights) weight.dispose()
    }
  }

  /** The averages (the tensors themselves: save or clone them) and the count of updates. */
  stateDict(): ExponentialMovingAverageStateDict {
    return { averages: new Map(this.#averages), updates: this.#updates }
  }

  /**
   * Continues from saved averages, which are copied.
   *
   * @throws ArgumentError when the averages are not those of such a model.
   */
  loadStateDict({ averages, updates }: ExponentialMovingAverageStateDict): void {
    const shapes = (of: ReadonlyMap<string, Tensor>) =>
      [...of].map(([name, { shape }]) => `${name} [${shape}]`)
    const known = new Set(shapes(averages))
    const missing = shapes(this.#averages).filter(entry => !known.has(entry))
    if (missing.length > 0)
      throw new ArgumentError(
        `Expected averages of this model but received none for ${missing.slice(0, 8).join(', ')}.`,
      )
    noGrad(() => {
      for (const [name, average] of this.#averages) average.copy_(averages.get(name) as Tensor)
    })
    this.#updates = updates
  }
}
