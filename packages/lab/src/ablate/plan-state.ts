// How the runs of a plan stand, read from the disk without changing anything there.
import { isRun, readRun } from '@normfree/runs'
import { hasCrashed } from './crash.ts'
import { ownerOf } from './lock.ts'

/**
 * How a run stands: `done` (completed or diverged), `running` in some process, `interrupted` (stopped or
 * killed before its end), `crashed` when it was last begun, or `new`. The plan begins all but the first
 * two when it is carried out.
 */
export type RunState = 'done' | 'running' | 'interrupted' | 'crashed' | 'new'

/**
 * How the run with this folder stands.
 *
 * @throws RunRecordError when the record there is damaged
 */
export function runState(dir: string): RunState {
  if (ownerOf(dir) !== null) return 'running'
  const end = isRun(dir) ? readRun(dir).end : undefined
  if (end && end.status !== 'interrupted') return 'done'
  if (hasCrashed(dir)) return 'crashed'
  return end === undefined ? 'new' : 'interrupted'
}
