// How a run stands, from its record.
import type { EndLine, RunRecord } from './types.ts'

/** How a run stands; `unfinished` is a run that was killed, crashed or is still going. */
export type RunStatus = EndLine['status'] | 'unfinished'

/** The status of one run. */
export function statusOf(run: RunRecord): RunStatus {
  return run.end?.status ?? 'unfinished'
}
