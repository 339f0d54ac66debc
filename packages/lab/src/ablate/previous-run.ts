// What an earlier execution left in a run's folder: a run that ended and is kept, one that goes on
// from its checkpoint, or something else to set aside. Nothing is ever deleted or overwritten here.
import { existsSync, renameSync } from 'node:fs'
import { isRun, type RunRecord, readRun } from '@normfree/runs'
import { decisive, differences } from '../config/neutral.ts'
import type { PlannedRun } from '../config/plan.ts'
import { PlanError } from './errors.ts'
import type { RunSummary } from './trainer.ts'

/**
 * The summary of the run in `dir` where it has ended, or undefined when it is to be trained: from the
 * beginning, or further. A folder that holds no run is renamed to `DIR.interrupted-1`, `-2`, ... first.
 *
 * @throws {@link PlanError} when `dir` holds a run with another name, seed or configuration
 */
export function takePreviousRun(dir: string, planned: PlannedRun): RunSummary | undefined {
  if (isRun(dir)) return endedRun(dir, planned)
  return existsSync(dir) ? setAside(dir) : undefined
}

/**
 * The summary of the run in `dir` where it completed or diverged; undefined where it was killed or
 * interrupted.
 *
 * @throws {@link PlanError} when it is a run with another name, seed or configuration
 */
export function endedRun(dir: string, planned: PlannedRun): RunSummary | undefined {
  const record = readRun(dir)
  if (!isSameRun(record, planned)) {
    throw new PlanError(
      `Expected the run ${JSON.stringify(planned.name)} (seed ${planned.seed}) or nothing in ${dir} ` +
        'but it holds a run with another configuration. Choose another output folder or move it away.',
    )
  }
  const { end } = record
  if (end === null || end.status === 'interrupted') return undefined
  return {
    dir,
    status: end.status,
    testAccuracy: record.epochs.at(-1)?.testAccuracy ?? Number.NaN,
    ...(end.message !== undefined && { message: end.message }),
  }
}

function isSameRun({ header }: RunRecord, { name, config, seed }: PlannedRun): boolean {
  const others = differences(decisive(header.config), decisive(config))
  return header.name === name && header.seed === seed && others.length === 0
}

function setAside(dir: string): undefined {
  let attempt = 1
  while (existsSync(`${dir}.interrupted-${attempt}`)) attempt++
  renameSync(dir, `${dir}.interrupted-${attempt}`)
}
