// @normfree/lab: data, configurations, training, ablations and the papers' claims.
export {
  type ChildTrainerOptions,
  type CrashedRun,
  childTrainer,
  crashLog,
  PlanError,
  type PlanEvent,
  type PlanRun,
  type PlanStep,
  type PlanSummary,
  planSteps,
  type RunOutcome,
  type RunPlanOptions,
  type RunState,
  type RunSummary,
  runId,
  runPlan,
  runState,
  serveRun,
  slug,
  type TrainEvent,
  type Trainer,
  type TrainOptions,
} from './ablate/index.ts'
export { type CheckReport, type CheckRequest, check } from './check.ts'
export {
  type ClipConfig,
  ConfigError,
  type ConfigIssue,
  expandPlan,
  type KnownNames,
  loadPlan,
  loadRecipe,
  loadRecorded,
  type Plan,
  type PlannedRun,
  type PlanOptions,
  parsePlan,
  parseRunConfig,
  type RecipeOptions,
  type RunConfig,
  type RunConfigInput,
  type Settings,
} from './config/index.ts'
export { type ConvertReport, type ConvertRequest, convert } from './convert.ts'
export {
  type Augmentation,
  type Batch,
  type BatchOptions,
  batches,
  type ColorJitter,
  DataError,
  type DeepMindMix,
  type DeepMindRandAugment,
  type FileRange,
  type FileSet,
  type ImageData,
  type ImageSet,
  type Interpolation,
  type LoadOptions,
  loadData,
  loadVoc,
  type Mix,
  type MixedLabels,
  type RandAugment,
  type RandomErasing,
  type ResizedCrop,
  type SampleSet,
  type SegmentationData,
  type SegmentationSample,
  type SegmentationSplit,
  type Split,
  type Strength,
  type TimmMix,
  type TimmRandAugment,
  type Triple,
  type View,
} from './data/index.ts'
export { type DepthFigures, DepthMetrics } from './metrics/depth.ts'
export { reverseHuber } from './metrics/reverse-huber.ts'
export { ConfusionMatrix } from './metrics/segmentation.ts'
export type { ModelRequest } from './model-of.ts'
export { loadModuleFile, type ModuleFile, ModuleFileError } from './module-file.ts'
export { type Prediction, type PredictOptions, predict } from './predict/predict.ts'
export { Bench, type BenchOptions } from './reproduce/bench.ts'
export type {
  Basis,
  Claim,
  ClaimFigure,
  ClaimOutcome,
  ClaimResult,
  ClaimRow,
  ClaimScale,
  Measured,
  Verdict,
} from './reproduce/claim.ts'
export { ELSEWHERE, type Elsewhere } from './reproduce/elsewhere.ts'
export { ReproduceError } from './reproduce/errors.ts'
export { CLAIMS, findClaims, runClaim } from './reproduce/index.ts'
export { measuredText } from './reproduce/rows.ts'
export { type SignalRequest, signalOf } from './signal/signal-of.ts'
export { CheckpointError, TrainError } from './train/errors.ts'
export type { MlflowTarget } from './train/logs/mlflow.ts'
export { train } from './train/train.ts'
