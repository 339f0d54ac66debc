// Sharpness-aware minimisation (Foret et al., 2021) around any optimizer: the gradient that is
// applied is taken where the loss is highest nearby.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { stack } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { add_, norm } from './foreach.ts'
import type { Optimizer, OptimizerOptions } from './optimizer.ts'
import { type OptimizerStateDict, snapshot } from './state-dict.ts'

/** Options of {@link SAM}. */
export interface SAMOptions {
  /** Radius of the neighbourhood, > 0. Default 0.05. */
  rho?: number
}

/**
 * Goes to w + e with e = rho g / (||g|| + 1e-12) and the norm over all parameters, where a second
 * pass takes the gradient that `base` applies at w. To clip by the size of the weights, call
 * restore() after the second pass, clip, and step `base`.
 *
 * @example
 * loss().backward()
 * sam.step(() => loss().backward())
 * sam.zeroGrad()
 */
export class SAM<O extends OptimizerOptions = OptimizerOptions> {
  readonly base: Optimizer<O>
  readonly #rho: number
  /** The weights to return to, while the parameters are at w + e. */
  #weights: Map<Tensor, Tensor> | null = null

  constructor(base: Optimizer<O>, { rho = 0.05 }: SAMOptions = {}) {
    if (!(rho > 0))
      throw new ArgumentError(`Expected a number > 0 for \`rho\` but received ${rho}.`)
    this.base = base
    this.#rho = rho
  }

  /** The groups of the wrapped optimizer. */
  get paramGroups() {
    return this.base.paramGroups
  }

  /**
   * Moves the parameters to w + e by their gradients, and forgets those.
   *
   * @throws ArgumentError before the secondStep() of an earlier one.
   */
  firstStep(): void {
    if (this.#weights) throw new ArgumentError('Expected secondStep() but received firstStep().')
    noGrad(() => tidy(() => this.#ascend()))
    this.zeroGrad()
  }

  #ascend(): void {
    const params = this.paramGroups.flatMap(({ params }) => params)
    // Uphill in what is minimised: the negative of what is maximised.
    const gradients = this.paramGroups.flatMap(({ params, maximize }) =>
      params.map(({ grad }) => (maximize && grad ? grad.neg() : grad)),
    )
    const moved = params.filter((_, i) => gradients[i])
    const along = gradients.filter(gradient => gradient !== null)
    this.#weights = new Map(moved.map(param => [param, snapshot(param)]))
    if (moved.length === 0) return
    const length = stack(norm(along)).norm().item()
    add_(moved, along, this.#rho / (length + 1e-12))
  }

  /**
   * Returns to w, and steps by the gradients that were taken at w + e.
   *
   * @throws ArgumentError without a firstStep().
   */
  secondStep(): void {
    if (!this.#weights) throw new ArgumentError('Expected firstStep() but received secondStep().')
    this.restore()
    this.base.step()
  }

  /**
   * Returns to w and leaves the gradients as they are, in place of secondStep(): to clip by the size
   * of the weights before `base` steps, or to give up. Does nothing where the parameters are at w.
   */
  restore(): void {
    const weights = this.#weights
    if (!weights) return
    this.#weights = null
    noGrad(() => {
      for (const [param, weight] of weights) {
        param.copy_(weight)
        weight.dispose()
      }
    })
  }

  /**
   * Both steps, given the gradients at w. When `backward` throws, the parameters are back at w.
   *
   * @param backward computes the loss and its gradients again, at w + e.
   */
  step(backward: () => void): void {
    this.firstStep()
    try {
      backward()
    } catch (error) {
      this.restore()
      throw error
    }
    this.secondStep()
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    this.base.zeroGrad()
  }

  /** That of the wrapped optimizer: between steps there is no other state. */
  stateDict(): OptimizerStateDict {
    return this.base.stateDict()
  }

  /** Continues from a state of the wrapped optimizer. */
  loadStateDict(dict: OptimizerStateDict): void {
    this.base.loadStateDict(dict)
  }
}
