// The learning rate of a run, step by step.
import type { Json } from '@normfree/runs'
import { optim } from '@normfree/torch'
import type { RunConfig } from '../config/schema.ts'
import { TrainError } from './errors.ts'

/** The rate before each step; a pure function of the step unless it waits for a score. */
export interface LearningRate {
  /** The rate of optimizer step `step`, counted from 0 over the whole run. */
  at(step: number): number
  /** Takes the score of an epoch (higher is better), of which later rates may depend. */
  epochEnd(score: number): void
  /** What `loadStateDict` continues from. */
  stateDict(): Json
  /** Continues from a state of such a schedule. */
  loadStateDict(state: Json): void
}

/**
 * The schedule that `config` describes.
 *
 * @throws TrainError for a warm-up as long as the run.
 */
export function createSchedule(
  { optimizer, schedule, epochs }: RunConfig,
  stepsPerEpoch: number,
): LearningRate {
  if (schedule.warmupEpochs >= epochs)
    throw new TrainError(
      `Expected \`schedule.warmupEpochs\` below \`epochs\` (${epochs}) but received ${schedule.warmupEpochs}. Shorten the warm-up or train for longer.`,
    )
  return ofStep(
    optim.warmupCosine({
      lr: optimizer.lr,
      totalSteps: epochs * stepsPerEpoch,
      warmupSteps: schedule.warmupEpochs * stepsPerEpoch,
      finalLr: schedule.finalLr,
    }),
  )
}

/** A rate that nothing but the step decides: there is no state. */
const ofStep = (at: optim.Schedule): LearningRate => ({
  at,
  epochEnd() {},
  stateDict: () => null,
  loadStateDict() {},
})
