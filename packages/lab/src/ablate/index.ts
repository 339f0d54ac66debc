// What the rest of the lab may use of the ablation folder.
export { PlanError } from './errors.ts'
export { runId, slug } from './run-id.ts'
export {
  type PlanEvent,
  type PlanStep,
  type PlanSummary,
  planSteps,
  type RunPlanOptions,
  runPlan,
} from './run-plan.ts'
export type { RunSummary, TrainEvent, Trainer, TrainOptions } from './trainer.ts'
