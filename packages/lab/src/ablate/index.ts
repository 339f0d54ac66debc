// What the rest of the lab may use of the ablation folder.
export { type ChildTrainerOptions, childTrainer } from './child-trainer.ts'
export { crashLog } from './crash.ts'
export { PlanError } from './errors.ts'
export { type RunState, runState } from './plan-state.ts'
export { runId, slug } from './run-id.ts'
export {
  type PlanEvent,
  type PlanRun,
  type PlanStep,
  type PlanSummary,
  planSteps,
  type RunPlanOptions,
  runPlan,
} from './run-plan.ts'
export { serveRun } from './serve-run.ts'
export type {
  CrashedRun,
  RunOutcome,
  RunSummary,
  TrainEvent,
  Trainer,
  TrainOptions,
} from './trainer.ts'
