// What is done about a run that diverges: it returns to its last checkpoint and goes on from there
// at a lower rate, as often as its configuration allows.
import { basename } from 'node:path'
import { readRun } from '@normfree/runs'
import { deleteNewest } from './checkpoints.ts'
import type { DivergedError } from './errors.ts'
import { type Run, reportDamaged, save } from './run.ts'
import { type Restored, restoreNewest } from './state.ts'

/**
 * Returns `run` to its last checkpoint, at `lrFactor` times the rate; what it measured since is cut
 * off, and an event says why. A run that diverges again before its next checkpoint returns to the one
 * before, where there is one: the weights in the first may have been on their way out already.
 *
 * @returns false where no return is left; nothing is done then.
 */
export function rollBack(run: Run, error: DivergedError): boolean {
  const { session, metrics, options } = run
  const { rollbacks, returnedTo, lrScale, step } = run.progress
  const settings = session.config.watch?.rollback
  if (!settings || rollbacks >= settings.max) return false
  if (returnedTo !== null) deleteNewest(options.dir, returnedTo)
  const restored = restoreNewest(session, options.dir)
  if (!restored) return false
  cutMetrics(run, restored)
  reportDamaged(options, restored)
  run.progress = {
    ...restored.progress,
    rollbacks: rollbacks + 1,
    returnedTo: restored.progress.step,
    lrScale: lrScale * settings.lrFactor,
  }
  const message = `back from step ${step} to ${basename(restored.path)}, at ${Number(run.progress.lrScale.toPrecision(3))} of the rate from there (${rollbacks + 1} of ${settings.max}): ${error.message}`
  metrics.append({ kind: 'event', step: restored.progress.step, event: 'rollback', message })
  options.onEvent?.({ kind: 'note', message })
  // So that a resumed run neither forgets that it was here nor takes the same way again.
  save(run)
  return true
}

/** What was measured on the way that is left behind goes; what happened there is history, and stays. */
function cutMetrics({ metrics, options: { dir } }: Run, { metrics: position }: Restored): void {
  const events = () => readRun(dir).events ?? []
  const before = events()
  metrics.cut(position)
  for (const event of before.slice(events().length)) metrics.append(event)
}
