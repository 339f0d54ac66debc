// Lookahead (Zhang et al., 2019) around any optimizer: slow weights that move towards the fast ones
// every k steps, where the fast ones then start again.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { average_ } from './foreach.ts'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { type OptimizerStateDict, snapshot } from './state-dict.ts'

/** Options of {@link Lookahead}. */
export interface LookaheadOptions {
  /** Steps of the optimizer between two of the slow weights. Default 6. */
  k?: number
  /** How far the slow weights move, in (0, 1]. Default 0.5. */
  alpha?: number
}

/** State of the wrapped optimizer and of the slow weights, in the order of the parameters. */
export interface LookaheadStateDict {
  base: OptimizerStateDict
  slow: Tensor[]
  /** Steps since the slow weights moved. */
  step: number
}

/**
 * slow += alpha (fast - slow), fast = slow after every k-th step of `base`. Slow weights start at
 * the parameters as they are at construction, as in the paper; timm's start at the k-th step.
 *
 * @throws ArgumentError for k that is no positive integer and alpha outside of (0, 1].
 */
export class Lookahead<O extends OptimizerOptions = OptimizerOptions> {
  readonly base: Optimizer<O>
  readonly #k: number
  readonly #alpha: number
  #slow = new Map<Tensor, Tensor>()
  #step = 0

  constructor(base: Optimizer<O>, { k = 6, alpha = 0.5 }: LookaheadOptions = {}) {
    if (!(Number.isInteger(k) && k >= 1))
      throw new ArgumentError(`Expected a positive integer for \`k\` but received ${k}.`)
    if (!(alpha > 0 && alpha <= 1))
      throw new ArgumentError(`Expected a number > 0 and <= 1 for \`alpha\` but received ${alpha}.`)
    this.base = base
    this.#k = k
    this.#alpha = alpha
    this.#slowWeights()
  }

  /** The groups of the wrapped optimizer. */
  get paramGroups() {
    return this.base.paramGroups
  }

  /** Steps `base`; every k-th time the slow weights move and the parameters start from them. */
  step(): void {
    this.base.step()
    this.#step = (this.#step + 1) % this.#k
    if (this.#step === 0) noGrad(() => tidy(() => this.#synchronize()))
  }

  #synchronize(): void {
    const slow = this.#slowWeights()
    const fast = [...this.#slow.keys()]
    average_(slow, fast, 1 - this.#alpha)
    for (const [i, param] of fast.entries()) param.copy_(slow[i])
  }

  /** Parameters that were added meanwhile start from what they are. */
  #slowWeights(): Tensor[] {
    for (const { params } of this.paramGroups)
      for (const param of params) if (!this.#slow.has(param)) this.#slow.set(param, snapshot(param))
    return [...this.#slow.values()]
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    this.base.zeroGrad()
  }

  /** State of both; the tensors are the optimizer's own: save or clone them. */
  stateDict(): LookaheadStateDict {
    return { base: this.base.stateDict(), slow: this.#slowWeights(), step: this.#step }
  }

  /**
   * Continues from a saved state, whose tensors are copied.
   *
   * @throws ArgumentError when the state is not that of such parameters.
   */
  loadStateDict({ base, slow, step }: LookaheadStateDict): void {
    const own = this.#slowWeights()
    const shapes = (tensors: readonly Tensor[]) => tensors.map(({ shape }) => `[${shape}]`).join()
    if (shapes(own) !== shapes(slow))
      throw new ArgumentError(
        `Expected slow weights of shapes ${shapes(own)} but received ${shapes(slow)}.`,
      )
    this.base.loadStateDict(base)
    noGrad(() => {
      for (const [i, tensor] of own.entries()) tensor.copy_(slow[i])
    })
    this.#step = step
  }
}
