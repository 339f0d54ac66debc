// What the rest of the lab may use of the configuration folder.
export { ConfigError, type ConfigIssue } from './errors.ts'
export { loadRecipe, loadRecorded, parseRunConfig, type RecipeOptions } from './load.ts'
export { expandPlan, loadPlan, type PlannedRun, type PlanOptions, parsePlan } from './plan.ts'
export type { Plan } from './plan-schema.ts'
export type { KnownNames } from './resolve.ts'
export type {
  ClipConfig,
  RunConfig,
  RunConfigInput,
  Settings,
} from './schema.ts'
