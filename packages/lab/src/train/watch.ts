// Watches a run's signal: every so many steps the statistics of the current weights on the current batch
// go into the record, and a signal that collapses raises an alarm while all numbers are still finite.
// Watching draws nothing from the run's random stream and leaves no trace in the model.
import type { MetricsWriter, SignalLine } from '@normfree/runs'
import { getRngState, setRngState, tidy } from '@normfree/torch'
import { measureSignal, type OptionalStatistic } from 'normfree'
import type { Batch } from '../data/batches.ts'
import { type Alarm, clipAlarms, type Reading, signalAlarms } from './alarms.ts'
import { CollapseError } from './errors.ts'
import type { Session } from './session.ts'
import { toImages } from './step.ts'

/** What is called around each step. */
export interface Watch {
  /**
   * Looks at the signal on the batch of step `step` (counted from 1), before its update.
   *
   * @throws CollapseError where it collapsed and `watch.rollback` says to go back.
   */
  before(step: number, batch: Batch): void
  /** Hears which share of the units was clipped in step `step`; a question of settings, no collapse. */
  after(step: number, clipFraction: number): void
}

/** Images that the signal is measured on: statistics over 32 x H x W elements a channel are exact enough. */
const IMAGES = 32

/** Above so many parameters all singular values of a net take seconds, and the largest alone are measured. */
const SPECTRA_PARAMETERS = 5e6

/** What a watch works with. */
export interface WatchOptions {
  readonly metrics: Pick<MetricsWriter, 'append'>
  /** Hears of each alarm. */
  readonly note: (message: string) => void
  /**
   * The measurement that others are compared with, where the run has one already; else it is the first
   * that is made.
   */
  readonly first: SignalLine | null
}

/** The watch of a run that `config.watch` asks for; nothing is measured without `signalEvery`. */
export function createWatch(session: Session, { metrics, note, first }: WatchOptions): Watch {
  const { clip, watch: { signalEvery, rollback } = {} } = session.config
  if (signalEvery === undefined) return { before() {}, after() {} }
  let reference: readonly Reading[] | undefined = first?.signal.taps
  const due = (step: number) => (step - 1) % signalEvery === 0

  const raise = (step: number, alarms: readonly Alarm[]) => {
    for (const { message } of alarms) {
      metrics.append({ kind: 'event', step: step - 1, event: 'alarm', message })
      note(`alarm in step ${step}: ${message}`)
    }
    const collapse = alarms.find(alarm => alarm.collapse)
    if (collapse && rollback) throw new CollapseError(collapse.message)
  }
  return {
    before(step, batch) {
      if (!due(step)) return
      const signal = signalOfBatch(session, batch)
      metrics.append({ kind: 'signal', when: 'step', step, signal })
      reference ??= signal.taps
      raise(step, signalAlarms(reference, signal.taps))
    },
    after(step, clipFraction) {
      if (clip.kind === 'agc' && due(step)) raise(step, clipAlarms(clipFraction))
    },
  }
}

function signalOfBatch({ model, data, config, parameters }: Session, batch: Batch) {
  const statistics: OptionalStatistic[] = ['deadFraction', 'spectralNorm']
  if (parameters <= SPECTRA_PARAMETERS) statistics.push('conditionNumber')
  const size = Math.min(IMAGES, batch.size)
  const random = getRngState() // dropout and stochastic depth draw in training mode
  try {
    const taps = tidy(() =>
      measureSignal(model, toImages(batch, data).narrow(0, 0, size), { statistics }),
    )
    return { model: config.model, input: `${size} training images`, taps }
  } finally {
    setRngState(random)
    random.dispose()
  }
}
