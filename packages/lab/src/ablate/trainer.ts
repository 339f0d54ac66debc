// What a plan needs of a trainer: the contract between ablate/ and train.ts. Types only.
import type { RunConfig } from '../config/schema.ts'
import type { ImageData } from '../data/types.ts'

/** Trains one run to its end and keeps its record in `options.dir`. */
export type Trainer = (config: RunConfig, options: TrainOptions) => Promise<RunSummary>

/** Where a run is recorded and who hears of it. */
export interface TrainOptions {
  /** The run folder, which must not hold a run yet. */
  readonly dir: string
  /** The variant, e.g. `batch norm`. */
  readonly name: string
  /** The plan that the run is part of. */
  readonly plan?: string
  /** The command line that repeats the run. */
  readonly command: string
  /** Data that is already loaded from `config.data`; loaded anew when absent. */
  readonly data?: ImageData
  /** Aborting it ends the run after the current step, with the status `interrupted`. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: TrainEvent) => void
}

/** Accuracies are fractions 0..1. */
export type TrainEvent =
  | {
      readonly kind: 'start'
      readonly totalSteps: number
      readonly stepsPerEpoch: number
      readonly model: string
      readonly parameters: number
    }
  | {
      readonly kind: 'step'
      /** 1-based, over the whole run. */
      readonly step: number
      readonly loss: number
      /** Running, on training images. */
      readonly accuracy: number
      readonly imagesPerSecond: number
      readonly lr: number
    }
  | {
      readonly kind: 'epoch'
      /** 1-based. */
      readonly epoch: number
      readonly trainLoss: number
      readonly trainAccuracy: number
      readonly testLoss: number
      readonly testAccuracy: number
      /** By the moving average of the weights, where one is kept. */
      readonly emaLoss?: number
      readonly emaAccuracy?: number
      /** Further figures of the task, by name. */
      readonly testMetrics?: Readonly<Record<string, number>>
      readonly seconds: number
      readonly imagesPerSecond: number
    }
  | { readonly kind: 'end'; readonly status: RunSummary['status']; readonly message?: string }

/** How a run ended. */
export interface RunSummary {
  readonly dir: string
  readonly status: 'completed' | 'diverged' | 'interrupted'
  /** After the last epoch, a fraction 0..1; NaN when no epoch was completed. */
  readonly testAccuracy: number
  /** Why it did not complete. */
  readonly message?: string
}
