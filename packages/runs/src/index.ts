// @normfree/runs: the run-record format. Imports nothing of the engine.
export { writeFileAtomic } from './atomic.ts'
export { csvOf } from './csv.ts'
export { RunRecordError } from './errors.ts'
export { createRun, isRun } from './header.ts'
export { type MetricsPosition, type MetricsWriter, openMetrics } from './metrics.ts'
export { listRuns, readRun } from './read.ts'
export { type Scalars, scalarsOf } from './scalars.ts'
export {
  mean,
  type RunStatus,
  type Spread,
  standardDeviation,
  statusOf,
  summarize,
  type VariantSummary,
} from './summary.ts'
export { openTensorBoard } from './tensorboard.ts'
export {
  type EndLine,
  type EpochLine,
  type EventLine,
  type Json,
  type MetricLine,
  OPTIONAL_STATISTICS,
  type OptionalStatistic,
  PAPER_STATISTICS,
  type PaperStatistic,
  RUN_FORMAT,
  type RunConfigJson,
  type RunHeader,
  type RunRecord,
  type SignalLine,
  type SignalRecord,
  type SignalTap,
  type StepLine,
  type TapStatistic,
} from './types.ts'
