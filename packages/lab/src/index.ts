// @normfree/lab: data, configurations, training and ablations.
export {
  PlanError,
  type PlanEvent,
  type PlanStep,
  type PlanSummary,
  planSteps,
  type RunPlanOptions,
  type RunSummary,
  runId,
  runPlan,
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
  DataError,
  type ImageData,
  type ImageSet,
  type LoadOptions,
  loadData,
  type Split,
  type Triple,
} from './data/index.ts'
export type { ModelRequest } from './model-of.ts'
export { loadModuleFile, type ModuleFile, ModuleFileError } from './module-file.ts'
export { type Prediction, type PredictOptions, predict } from './predict/predict.ts'
export { type SignalRequest, signalOf } from './signal/signal-of.ts'
export { TrainError } from './train/errors.ts'
export { train } from './train/train.ts'
