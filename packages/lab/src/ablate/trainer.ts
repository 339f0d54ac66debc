// What a plan needs of a trainer: the contract between ablate/ and train.ts. Types only.
import type { RunConfig } from '../config/schema.ts'
import type { ImageData } from '../data/types.ts'
import type { MlflowTarget } from '../train/logs/mlflow.ts'

/** Trains one run to its end and keeps its record in `options.dir`. */
export type Trainer = (config: RunConfig, options: TrainOptions) => Promise<RunOutcome>

/** Where a run is recorded and who hears of it. */
export interface TrainOptions {
  /** The run folder, which must not hold a run yet unless that is to be resumed. */
  readonly dir: string
  /** The variant, e.g. `batch norm`. */
  readonly name: string
  /** The plan that the run is part of. */
  readonly plan?: string
  /** The command line that repeats the run. */
  readonly command: string
  /** Go on with the run that `dir` holds; begin where it holds none. */
  readonly resume?: boolean
  /** Data that is already loaded from `config.data`; loaded anew when absent. */
  readonly data?: ImageData
  /** Aborting it ends the run after the current step, with the status `interrupted`. */
  readonly signal?: AbortSignal
  /** An MLflow server that is told of the run beside its record. */
  readonly mlflow?: MlflowTarget
  readonly onEvent?: (event: TrainEvent) => void
}

/** Accuracies are fractions 0..1. */
export type TrainEvent =
  /** The data is being loaded; `total` is 0 while it is unknown. */
  | {
      readonly kind: 'loading'
      readonly done: number
      readonly total: number
      readonly what: string
    }
  | {
      readonly kind: 'start'
      readonly totalSteps: number
      readonly stepsPerEpoch: number
      readonly model: string
      readonly parameters: number
      /** Steps that were done before, by a run that is resumed. */
      readonly step: number
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
      readonly seconds: number
      readonly imagesPerSecond: number
      /** The share 0..1 of `seconds` in which the trainer waited for data. */
      readonly waitShare?: number
      /** Training images that were left out because they did not decode. */
      readonly skipped?: number
    }
  /** Something a user should know, in words; or what the process of a run wrote by itself. */
  | { readonly kind: 'note'; readonly message: string }
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

/** A run whose process died, or that ended with an error that concerns no other run. */
export interface CrashedRun {
  readonly dir: string
  readonly status: 'crashed'
  /** NaN. */
  readonly testAccuracy: number
  /** Why, in one line. */
  readonly message: string
}

/** What became of a run, as a plan sees it. */
export type RunOutcome = RunSummary | CrashedRun
