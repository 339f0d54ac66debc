// A trainer's record without the training, for tests of plans.
import { createRun, type EndLine, isRun, openMetrics, type RunConfigJson } from '@normfree/runs'
import type { RunConfig } from '../config/schema.ts'
import type { TrainOptions } from './trainer.ts'

/** Begins a run's record, or goes on with the one that is to be resumed, and ends it with `status`; without one, as a run that was killed. */
export function writeRecord(
  config: RunConfig,
  { dir, name, command, resume }: TrainOptions,
  status?: EndLine['status'],
): void {
  const header = {
    format: 1,
    id: 'id',
    name,
    seed: config.seed,
    created: '2026-01-01T00:00:00Z',
    command,
    config: config as unknown as RunConfigJson,
    environment: {},
    model: { name: config.model, parameters: 1 },
  } as const
  if (!resume || !isRun(dir)) createRun(dir, header)
  const metrics = openMetrics(dir)
  if (status) metrics.append({ kind: 'end', status, seconds: 1 })
  metrics.close()
}
