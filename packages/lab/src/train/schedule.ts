// The learning rate of a run, step by step.
import type { Json } from '@normfree/runs'
import { optim } from '@normfree/torch'
import type { RunConfig } from '../config/schema.ts'
import { TrainError } from './errors.ts'

/** The rate before each step; a pure function of the step unless it waits for a score. */
export interface LearningRate {
  /** The rate of optimizer step `step`, counted from 0 over the whole run. */
  at(step: number): number
  /** Takes the score of an epoch (higher is better), on which later rates may depend. */
  epochEnd(score: number): void
  /** What `loadStateDict` continues from. */
  stateDict(): Json
  /** Continues from a state of such a schedule. */
  loadStateDict(state: Json): void
}

type ScheduleConfig = RunConfig['schedule']

/** The rate at the end of the warm-up: `optimizer.lr`, times the batch size over `lrBatch` where that is given. */
export function peakLr({ optimizer: { lr, lrBatch }, batchSize }: RunConfig): number {
  return lrBatch === undefined ? lr : optim.scaleLr(lr, batchSize, { baseBatchSize: lrBatch })
}

/**
 * The schedule that `config` describes.
 *
 * @throws TrainError for a warm-up as long as the run.
 */
export function createSchedule(config: RunConfig, stepsPerEpoch: number): LearningRate {
  const { schedule, epochs } = config
  if (schedule.warmupEpochs >= epochs)
    throw new TrainError(
      `Expected \`schedule.warmupEpochs\` below \`epochs\` (${epochs}) but received ${schedule.warmupEpochs}. Shorten the warm-up or train for longer.`,
    )
  const lr = peakLr(config)
  const steps = schedule.warmupEpochs * stepsPerEpoch
  const warmup = { steps, startLr: schedule.warmupLr ?? 0, lr }
  if (schedule.kind === 'plateau') return plateau(schedule, warmup)
  const prefix = startsAfterWarmup(schedule)
  const totalSteps = epochs * stepsPerEpoch - (prefix ? steps : 0)
  const decay = decayOf(schedule, lr, totalSteps, stepsPerEpoch)
  const at = optim.withWarmup(decay, { ...warmup, prefix })
  return ofStep(schedule.perEpoch ? step => at(step - (step % stepsPerEpoch)) : at)
}

/** Milestones are epochs of the run; what decays to its end begins when the warm-up is over. */
const startsAfterWarmup = (schedule: Exclude<ScheduleConfig, { kind: 'plateau' }>): boolean => {
  if (schedule.kind === 'constant') return true
  return schedule.warmupPrefix ?? (schedule.kind !== 'step' && schedule.kind !== 'multistep')
}

function decayOf(
  schedule: Exclude<ScheduleConfig, { kind: 'plateau' }>,
  lr: number,
  totalSteps: number,
  stepsPerEpoch: number,
): optim.Schedule {
  switch (schedule.kind) {
    case undefined:
    case 'cosine':
      return optim.cosine({ lr, totalSteps, finalLr: schedule.finalLr })
    case 'linear':
      return optim.linear({ lr, totalSteps, finalLr: schedule.finalLr })
    case 'polynomial':
      return optim.polynomial({ lr, totalSteps, finalLr: schedule.finalLr, power: schedule.power })
    case 'tanh':
      return optim.tanhDecay({ lr, totalSteps, finalLr: schedule.finalLr })
    case 'step':
      return optim.stepDecay(lr, schedule.everyEpochs * stepsPerEpoch, schedule.gamma)
    case 'multistep': {
      const milestones = schedule.milestones.map(epoch => epoch * stepsPerEpoch)
      return optim.multiStep(lr, milestones, schedule.gamma)
    }
    case 'constant':
      return optim.constant(lr)
  }
}

/** A rate that nothing but the step decides: there is no state. */
const ofStep = (at: optim.Schedule): LearningRate => ({
  at,
  epochEnd() {},
  stateDict: () => null,
  loadStateDict() {},
})

type PlateauState = { epochs: number } & optim.ReduceLROnPlateauState

/** A rate that is lowered when the score stops to rise; epochs of the warm-up do not count. */
function plateau(
  schedule: Extract<ScheduleConfig, { kind: 'plateau' }>,
  { steps, startLr, lr }: { steps: number; startLr: number; lr: number },
): LearningRate {
  const reducer = new optim.ReduceLROnPlateau({
    lr,
    mode: 'max',
    factor: schedule.gamma,
    patience: schedule.patience,
    threshold: schedule.threshold,
    cooldown: schedule.cooldown,
    minLr: schedule.finalLr,
  })
  let epochs = 0
  return {
    at: optim.withWarmup(() => reducer.lr, { steps, startLr, lr }),
    epochEnd(score) {
      if (++epochs > schedule.warmupEpochs) reducer.step(score)
    },
    stateDict: () => ({ epochs, ...reducer.stateDict() }),
    loadStateDict(state) {
      const { epochs: ended, ...saved } = state as unknown as PlateauState
      epochs = ended
      reducer.loadStateDict(saved)
    },
  }
}
