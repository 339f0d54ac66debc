// All that the next steps of a run depend on, out of a session and back into one.
import type { MetricsPosition } from '@normfree/runs'
import { getRngState, setRngState, type Tensor, tidy } from '@normfree/torch'
import { decisive, differences } from '../config/neutral.ts'
import { type Checkpoint, type Progress, readCheckpoint } from './checkpoint.ts'
import { listCheckpoints } from './checkpoints.ts'
import { CheckpointError, DamagedCheckpointError } from './errors.ts'
import type { Session } from './session.ts'

/** The part that is no property of a session: the default random stream, of dropout and such. */
const RANDOM = 'random'

interface Stateful {
  stateDict(): unknown
  loadStateDict(state: never): unknown
}

/** A run before its first step. */
export const atStart = (): Progress => ({
  ...{ step: 0, epoch: 1, totals: noTotals(), score: null },
  ...{ rollbacks: 0, returnedTo: null, lrScale: 1 },
})

/** Totals of an epoch before its first step. */
export const noTotals = (): Progress['totals'] => ({
  ...{ loss: 0, correct: 0, images: 0, steps: 0, seconds: 0, waited: 0, skipped: 0 },
})

/** The state of a run now. Its tensors are the session's own: write them before the next step. */
export function captured(
  session: Session,
  progress: Progress,
  { seconds, metrics }: { seconds: number; metrics: MetricsPosition },
): Checkpoint {
  const parts = [...statefulParts(session)].map(([name, part]) => [name, part.stateDict()])
  return {
    ...{ progress, seconds, metrics, precision: session.precision },
    config: session.config,
    parts: { ...Object.fromEntries(parts), [RANDOM]: getRngState() },
  }
}

/** What was restored, and the newer checkpoints that could not be. */
export interface Restored extends Omit<Checkpoint, 'parts'> {
  readonly path: string
  readonly damaged: readonly DamagedCheckpointError[]
}

/**
 * Brings `session` to the newest checkpoint in `dir` that is whole; null where there is none at all.
 * Writes nothing.
 *
 * @throws CheckpointError for a checkpoint of another run, and when every one of them is damaged.
 */
export function restoreNewest(session: Session, dir: string): Restored | null {
  const damaged: DamagedCheckpointError[] = []
  for (const path of listCheckpoints(dir)) {
    try {
      return { ...tidy(() => restore(session, path)), path, damaged }
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error
      damaged.push(error)
    }
  }
  const [first] = damaged
  if (!first) return null
  throw new CheckpointError(
    `${first.message} No other one is whole either: delete the folder to train from the beginning.`,
    { cause: first },
  )
}

function restore(session: Session, path: string): Omit<Checkpoint, 'parts'> {
  const { parts, ...header } = readCheckpoint(path)
  checkSameRun(session, header, path)
  const own = statefulParts(session)
  try {
    for (const [name, part] of own) part.loadStateDict(parts[name] as never)
    setRngState(parts[RANDOM] as Tensor)
  } catch (error) {
    throw new DamagedCheckpointError(path, error)
  }
  return header
}

function checkSameRun(
  { config, precision, stepsPerEpoch }: Session,
  header: Omit<Checkpoint, 'parts'>,
  path: string,
): void {
  const others = differences(decisive(header.config), decisive(config))
  if (others.length > 0)
    throw new CheckpointError(
      `Expected a checkpoint of this run but received one of a run with another ${others.slice(0, 3).join(', ')} (${path}). Resume that run in its own folder.`,
    )
  const { step, epoch, totals } = header.progress
  if (step !== (epoch - 1) * stepsPerEpoch + totals.steps || totals.steps > stepsPerEpoch)
    throw new CheckpointError(
      `Expected a checkpoint of ${stepsPerEpoch} steps an epoch but received step ${step} in epoch ${epoch} (${path}). Resume the run with the data that it began with.`,
    )
  if (header.precision !== precision)
    throw new CheckpointError(
      `Expected a checkpoint in ${precision} but received one in ${header.precision} (${path}).`,
    )
}

/** Whatever in a session has a state, by its name there: the model, the optimizer, ... */
function statefulParts(session: Session): Map<string, Stateful> {
  const parts = Object.entries(session).filter(
    (entry): entry is [string, Stateful] =>
      typeof entry[1]?.stateDict === 'function' && typeof entry[1].loadStateDict === 'function',
  )
  return new Map(parts)
}
