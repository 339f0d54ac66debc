// The one schedule that is no function of the step: it waits for a metric to stop improving.
import { ArgumentError } from '../errors.ts'

/** Options of {@link ReduceLROnPlateau}; defaults are PyTorch's. */
export interface ReduceLROnPlateauOptions {
  /** Rate at the start. */
  lr: number
  /** Whether a lower or a higher metric is better. Default 'min'. */
  mode?: 'min' | 'max'
  /** Factor at every reduction, < 1. Default 0.1. */
  factor?: number
  /** Metrics without improvement that are let pass. Default 10. */
  patience?: number
  /** What counts as an improvement. Default 1e-4. */
  threshold?: number
  /** Threshold as a share of the best metric, or as it is. Default 'rel'. */
  thresholdMode?: 'rel' | 'abs'
  /** Metrics after a reduction that count for nothing. Default 0. */
  cooldown?: number
  /** Default 0. */
  minLr?: number
  /** A reduction by less than this is not made. Default 1e-8. */
  eps?: number
}

/** What a resumed run needs; `best` is null before the first metric. */
export interface ReduceLROnPlateauState {
  lr: number
  best: number | null
  numBadEpochs: number
  cooldownCounter: number
}

/**
 * PyTorch's torch.optim.lr_scheduler.ReduceLROnPlateau, for one rate.
 *
 * @throws ArgumentError for a factor that is not below 1.
 * @example for (const group of optimizer.paramGroups) group.lr = plateau.step(testLoss)
 */
export class ReduceLROnPlateau {
  readonly #options: Required<ReduceLROnPlateauOptions>
  #state: ReduceLROnPlateauState

  constructor(options: ReduceLROnPlateauOptions) {
    this.#options = {
      mode: 'min',
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: 'rel',
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
      ...options,
    }
    if (!(this.#options.factor < 1))
      throw new ArgumentError(
        `Expected a number < 1 for \`factor\` but received ${this.#options.factor}.`,
      )
    this.#state = { lr: options.lr, best: null, numBadEpochs: 0, cooldownCounter: 0 }
  }

  /** The rate now. */
  get lr(): number {
    return this.#state.lr
  }

  /** Takes the metric of an epoch: the rate for the next one. */
  step(metric: number): number {
    const { patience, cooldown } = this.#options
    const state = this.#state
    if (this.#improves(metric)) {
      state.best = metric
      state.numBadEpochs = 0
    } else {
      state.numBadEpochs++
    }
    if (state.cooldownCounter > 0) {
      state.cooldownCounter--
      state.numBadEpochs = 0
    }
    if (state.numBadEpochs > patience) {
      this.#reduce()
      state.cooldownCounter = cooldown
      state.numBadEpochs = 0
    }
    return state.lr
  }

  #improves(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options
    const sign = mode === 'min' ? -1 : 1
    const best = this.#state.best ?? -sign * Number.POSITIVE_INFINITY
    const bound = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold
    return mode === 'min' ? metric < bound : metric > bound
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options
    const lower = Math.max(this.#state.lr * factor, minLr)
    if (this.#state.lr - lower > eps) this.#state.lr = lower
  }

  /** What `loadStateDict` continues from; plain numbers, which JSON keeps. */
  stateDict(): ReduceLROnPlateauState {
    return { ...this.#state }
  }

  /** Continues from a state; the options stay those of this schedule. */
  loadStateDict(state: ReduceLROnPlateauState): void {
    this.#state = { ...state }
  }
}
