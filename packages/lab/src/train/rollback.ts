// What is done about a run that diverges: it returns to its last checkpoint and goes on from there
// at a lower rate, as often as its configuration allows.
import { basename } from 'node:path'
import type { DivergedError } from './errors.ts'
import { type Run, reportDamaged, save } from './run.ts'
import { restoreNewest } from './state.ts'

/**
 * Returns `run` to its last checkpoint, at `lrFactor` times the rate; what it recorded since is cut
 * off, and an event says why. Nothing is done, and false returned, where no return is left.
 */
export function rollBack(run: Run, error: DivergedError): boolean {
  const { session, metrics, options } = run
  const { rollbacks, lrScale, step } = run.progress
  const settings = session.config.watch?.rollback
  if (!settings || rollbacks >= settings.max) return false
  const restored = restoreNewest(session, options.dir)
  if (!restored) return false
  metrics.cut(restored.metrics)
  reportDamaged(options, restored)
  run.progress = {
    ...restored.progress,
    rollbacks: rollbacks + 1,
    lrScale: lrScale * settings.lrFactor,
  }
  const message = `back from step ${step} to ${basename(restored.path)}, at ${run.progress.lrScale} of the rate from there (${rollbacks + 1} of ${settings.max}): ${error.message}`
  metrics.append({ kind: 'event', step: restored.progress.step, event: 'rollback', message })
  options.onEvent?.({ kind: 'note', message })
  // So that a resumed run neither forgets that it was here nor takes the same way again.
  save(run)
  return true
}
