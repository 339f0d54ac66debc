// The optimizer of a run: which parameters it trains, in which groups, at which share of the rate.
import { type nn, optim } from '@normfree/torch'
import type { NamedParameters } from 'normfree'
import type { RunConfig } from '../config/schema.ts'

/** What an optimizer needs to go on: PyTorch's layout, with tensors at the leaves. */
export type TrainOptimizerState = optim.OptimizerStateDict | optim.LookaheadStateDict

/** The part of `torch.optim`'s classes that training uses. */
type Stepper = optim.Optimizer | optim.Lookahead

/** An optimizer of `torch.optim` whose groups train at shares of one rate. */
export class TrainOptimizer {
  /** The ascent of sharpness-aware minimisation around this optimizer; null without. */
  readonly sam: optim.SAM | null
  readonly #stepper: Stepper
  readonly #lrScales: readonly number[]

  /** @param lrScales one for each group: its rate over the run's. */
  constructor(stepper: Stepper, lrScales: readonly number[], sam: optim.SAM | null = null) {
    this.#stepper = stepper
    this.#lrScales = lrScales
    this.sam = sam
  }

  /** The groups, with their options. */
  get paramGroups(): Stepper['paramGroups'] {
    return this.#stepper.paramGroups
  }

  /** Sets the rate of every group to its share of `lr`. */
  setLr(lr: number): void {
    for (const [i, group] of this.paramGroups.entries()) group.lr = lr * this.#lrScales[i]!
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    this.#stepper.zeroGrad()
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    this.#stepper.step()
  }

  /** The tensors are the optimizer's own, which the next step changes: save or clone them. */
  stateDict(): TrainOptimizerState {
    return this.#stepper.stateDict()
  }

  /**
   * Continues from a state, whose tensors are copied.
   *
   * @throws ArgumentError when the state is not that of such an optimizer.
   */
  loadStateDict(state: TrainOptimizerState): void {
    this.#stepper.loadStateDict(state as optim.OptimizerStateDict & optim.LookaheadStateDict)
  }
}

/** The optimizer that `config` describes, over the parameters of `model`. */
export function createOptimizer(model: nn.Module, { optimizer }: RunConfig): TrainOptimizer {
  const { decayed, free } = splitByDecay(model.namedParameters())
  const groups = [{ params: decayed }, { params: free, weightDecay: 0 }]
  return new TrainOptimizer(new optim.SGD(groups, optimizer), [1, 1])
}

/**
 * Kernels decay; gains, biases, norm weights and SkipInit scalars do not (deepmind-research nfnets:
 * nothing named gain, bias, scale or offset decays; neither does what RescaleNet's authors name
 * _bias and _scale, whatever its shape).
 */
export function splitByDecay(parameters: NamedParameters) {
  const decays = ([name, parameter]: readonly [string, { dim: number }]) =>
    parameter.dim > 1 && name.endsWith('weight')
  const all = [...parameters]
  return {
    decayed: all.filter(decays).map(([, parameter]) => parameter),
    free: all.filter(entry => !decays(entry)).map(([, parameter]) => parameter),
  }
}
