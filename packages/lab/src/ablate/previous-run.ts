// What an earlier execution of a plan left in a run's folder: a finished run to keep, or an
// unfinished one to set aside. Nothing is ever deleted or overwritten here.
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type RunRecord, readRun } from '@normfree/runs'
import type { PlannedRun } from '../config/plan.ts'
import { PlanError } from './errors.ts'
import type { RunSummary } from './trainer.ts'

/**
 * The summary of the finished run in `dir`, or undefined when the run is to be trained. A run that
 * did not finish (killed, interrupted) is renamed to `DIR.interrupted-1`, `-2`, ... first.
 *
 * @throws {@link PlanError} when `dir` holds a run with another name, seed or configuration
 */
export function takePreviousRun(dir: string, planned: PlannedRun): RunSummary | undefined {
  if (!existsSync(dir)) return undefined
  if (!existsSync(join(dir, 'run.json'))) return setAside(dir)
  const record = readRun(dir)
  if (!isSameRun(record, planned)) {
    throw new PlanError(
      `Expected the run ${JSON.stringify(planned.name)} (seed ${planned.seed}) or nothing in ${dir} ` +
        'but it holds a run with another configuration. Choose another output folder or move it away.',
    )
  }
  const { end } = record
  if (end === null || end.status === 'interrupted') return setAside(dir)
  return {
    dir,
    status: end.status,
    testAccuracy: record.epochs.at(-1)?.testAccuracy ?? Number.NaN,
    ...(end.message !== undefined && { message: end.message }),
  }
}

function isSameRun({ header }: RunRecord, { name, config, seed }: PlannedRun): boolean {
  const saved = JSON.parse(JSON.stringify(config))
  return header.name === name && header.seed === seed && isDeepStrictEqual(header.config, saved)
}

function setAside(dir: string): undefined {
  let attempt = 1
  while (existsSync(`${dir}.interrupted-${attempt}`)) attempt++
  renameSync(dir, `${dir}.interrupted-${attempt}`)
}
