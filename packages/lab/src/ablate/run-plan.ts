// Carries out a plan: its runs one after another, each in its own folder. Runs that an earlier
// execution finished are kept, so that an interrupted plan goes on where it stopped. How a run is
// trained is not known here.
import { join } from 'node:path'
import { expandPlan, type PlannedRun } from '../config/plan.ts'
import type { Plan } from '../config/schema.ts'
import type { ImageData } from '../data/types.ts'
import { withLock } from './lock.ts'
import { takePreviousRun } from './previous-run.ts'
import { runId } from './run-id.ts'
import type { RunSummary, TrainEvent, Trainer } from './trainer.ts'

/** One run of a plan in progress: its place in the plan and on the disk. */
export interface PlanStep extends PlannedRun {
  /** 0-based. */
  readonly index: number
  /** Runs in the plan. */
  readonly total: number
  readonly id: string
  readonly dir: string
}

/** What happens while a plan is carried out. */
export type PlanEvent =
  | { readonly kind: 'runStart'; readonly run: PlanStep }
  | { readonly kind: 'runReused'; readonly run: PlanStep; readonly summary: RunSummary }
  | { readonly kind: 'runProgress'; readonly run: PlanStep; readonly event: TrainEvent }
  | { readonly kind: 'runEnd'; readonly run: PlanStep; readonly summary: RunSummary }

/** How a plan is carried out. */
export interface RunPlanOptions {
  /** The folder that gets a folder for each run. */
  readonly outDir: string
  readonly train: Trainer
  /** The command line that repeats the plan, kept with every run. */
  readonly command: string
  /** Loads the data of a URI; called again only when the next run needs another. */
  readonly loadData?: (uri: string, signal?: AbortSignal) => Promise<ImageData>
  readonly onEvent?: (event: PlanEvent) => void
  /** Aborting it ends the plan after the current step of the current run. */
  readonly signal?: AbortSignal
}

/** What became of a plan. */
export interface PlanSummary {
  /** `interrupted` when the signal was aborted before the last run had ended. */
  readonly status: 'completed' | 'interrupted'
  /** The runs that have ended, in the plan's order. */
  readonly runs: readonly (PlanStep & { readonly summary: RunSummary })[]
}

/**
 * Carries out a plan.
 *
 * A run whose folder holds the same run, completed or diverged, is not trained again. One that was
 * killed or interrupted goes on from its last checkpoint. A run that diverges is
 * a result; an error of the trainer ends the plan.
 *
 * @throws ConfigError when a run of the plan is not valid
 * @throws PlanError when a run folder holds a run with another configuration, or another process is
 *   carrying out a plan in `outDir`
 */
export async function runPlan(plan: Plan, options: RunPlanOptions): Promise<PlanSummary> {
  const steps = planSteps(plan, options.outDir)
  return withLock(options.outDir, () => runSteps(steps, stepTrainer(plan.name, options), options))
}

/** The runs of a plan with the folders that they get under `outDir`. */
export function planSteps(plan: Plan, outDir: string): PlanStep[] {
  const planned = expandPlan(plan)
  return planned.map((run, index) => {
    const id = runId(run)
    return { ...run, index, total: planned.length, id, dir: join(outDir, id) }
  })
}

async function runSteps(
  steps: readonly PlanStep[],
  trainStep: (run: PlanStep) => Promise<RunSummary>,
  { signal, onEvent }: RunPlanOptions,
): Promise<PlanSummary> {
  const runs: (PlanStep & { summary: RunSummary })[] = []
  for (const run of steps) {
    if (signal?.aborted) return { status: 'interrupted', runs }
    const previous = takePreviousRun(run.dir, run)
    if (previous) onEvent?.({ kind: 'runReused', run, summary: previous })
    const summary = previous ?? (await trainStep(run))
    runs.push({ ...run, summary })
    if (summary.status === 'interrupted') return { status: 'interrupted', runs }
  }
  return { status: 'completed', runs }
}

function stepTrainer(plan: string, { train, command, signal, onEvent, loadData }: RunPlanOptions) {
  let loaded: { uri: string; data: ImageData } | undefined
  const load = async (uri: string) => {
    if (!loadData) return undefined
    if (loaded?.uri !== uri) loaded = { uri, data: await loadData(uri, signal) }
    return loaded.data
  }
  return async (run: PlanStep): Promise<RunSummary> => {
    onEvent?.({ kind: 'runStart', run })
    const data = await load(run.config.data)
    const summary = await train(run.config, {
      dir: run.dir,
      name: run.name,
      plan,
      command,
      resume: true,
      ...(data && { data }),
      ...(signal && { signal }),
      onEvent: event => onEvent?.({ kind: 'runProgress', run, event }),
    })
    onEvent?.({ kind: 'runEnd', run, summary })
    return summary
  }
}
