// What a plan and the process of one of its runs tell each other. Types only. Messages are cloned, not
// turned to JSON, so that NaN and undefined arrive as they are.
import type { RunConfig } from '../config/schema.ts'
import type { RunOutcome, TrainEvent, TrainOptions } from './trainer.ts'

/** The options of a run that can be sent; the process loads its own data. */
export type SentOptions = Omit<TrainOptions, 'data' | 'signal' | 'onEvent'>

/** From the plan: first the run, then perhaps to end it after the current step. */
export type ToRun =
  | { readonly kind: 'run'; readonly config: RunConfig; readonly options: SentOptions }
  | { readonly kind: 'stop' }

/** From the run: what happens, and at last how it ended or what was thrown. */
export type FromRun =
  | { readonly kind: 'event'; readonly event: TrainEvent }
  | { readonly kind: 'end'; readonly summary: RunOutcome }
  | { readonly kind: 'error'; readonly error: SentError }

/** An error on its way between processes. */
export interface SentError {
  readonly message: string
  readonly stack: string
  /** Whether other runs would meet it too: data that cannot be loaded, a disk that cannot be written. */
  readonly ofAll: boolean
}
