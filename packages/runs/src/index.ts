// @normfree/runs: the run-record format. Imports nothing of the engine.
export { writeFileAtomic } from './atomic.ts'
export { csvOf } from './csv.ts'
export { RunRecordError } from './errors.ts'
export { createRun, isRun } from './header.ts'
export { type MetricsPosition, type MetricsWriter, openMetrics } from './metrics.ts'
export { listRuns, readRun } from './read.ts'
export { type Scalars, scalarsOf } from './scalars.ts'
export {
  analyzeFactors,
  type FactorAnalysis,
  type FactorEffect,
  type Score,
  scoreOf,
} from './statistics/analysis.ts'
export { type Difference, differenceOf } from './statistics/difference.ts'
export {
  type Factor,
  type Factors,
  factorsOf,
  flattenConfig,
  type Level,
} from './statistics/factors.ts'
export type { Interval } from './statistics/interval.ts'
export { mean, type Spread, standardDeviation } from './statistics/spread.ts'
export { type Study, studyOf } from './statistics/study.ts'
export {
  type HeatMap,
  heatMapOf,
  type Sensitivity,
  type StepsLine,
  type StepsPoint,
  type StepsToScore,
  type SweepLine,
  type SweepPoint,
  sensitivities,
  stepsToScore,
} from './statistics/sweep.ts'
export { type RunStatus, statusOf } from './status.ts'
export { summarize, type VariantSummary } from './summary.ts'
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
