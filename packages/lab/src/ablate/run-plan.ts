// Carries out a plan: its runs in order, some at a time, each in its own folder. Runs that an earlier
// execution finished are kept, so that an interrupted plan goes on where it stopped. How a run is
// trained is not known here.
import { join } from 'node:path'
import { expandPlan, type PlannedRun } from '../config/plan.ts'
import type { Plan } from '../config/plan-schema.ts'
import { untilFree, withLock } from './lock.ts'
import { takePreviousRun } from './previous-run.ts'
import { runId } from './run-id.ts'
import type { RunOutcome, TrainEvent, Trainer } from './trainer.ts'

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
  | { readonly kind: 'runReused'; readonly run: PlanStep; readonly summary: RunOutcome }
  | { readonly kind: 'runProgress'; readonly run: PlanStep; readonly event: TrainEvent }
  | { readonly kind: 'runEnd'; readonly run: PlanStep; readonly summary: RunOutcome }

/** How a plan is carried out. */
export interface RunPlanOptions {
  /** The folder that gets a folder for each run. */
  readonly outDir: string
  readonly train: Trainer
  /** Runs at a time. Default 1. */
  readonly jobs?: number
  /** The command line that repeats the plan, kept with every run. */
  readonly command: string
  readonly onEvent?: (event: PlanEvent) => void
  /** Aborting it ends the plan after the current step of each run. */
  readonly signal?: AbortSignal
}

/** A run of a plan that has ended, and how. */
export interface PlanRun extends PlanStep {
  readonly summary: RunOutcome
}

/** What became of a plan. */
export interface PlanSummary {
  /**
   * `interrupted` when it was stopped before the last run had ended; else `crashed` when at least one
   * run did.
   */
  readonly status: 'completed' | 'interrupted' | 'crashed'
  /** The runs that have ended, in the plan's order. */
  readonly runs: readonly PlanRun[]
}

/**
 * Carries out a plan. Runs begin in its order; where several that share data go on at a time, the first
 * one loads it before the others begin, so that nothing is downloaded or packed twice.
 *
 * A run whose folder holds the same run, completed or diverged, is not trained again. One that was
 * killed, interrupted or crashed goes on from its last checkpoint. A run that diverges or crashes is a
 * result; an error of the trainer ends the plan after the current step of each run.
 *
 * @throws ConfigError when a run of the plan is not valid
 * @throws PlanError when a run folder holds a run with another configuration, or another process is
 *   carrying out a plan in `outDir` or training in a run's folder
 */
export async function runPlan(plan: Plan, options: RunPlanOptions): Promise<PlanSummary> {
  const steps = planSteps(plan, options.outDir)
  const runs = await withLock(options.outDir, () =>
    new Execution(plan.name, options).carryOut(steps),
  )
  const statuses = runs.map(({ summary }) => summary.status)
  if (runs.length < steps.length || statuses.includes('interrupted'))
    return { status: 'interrupted', runs }
  return { status: statuses.includes('crashed') ? 'crashed' : 'completed', runs }
}

/** The runs of a plan with the folders that they get under `outDir`. */
export function planSteps(plan: Plan, outDir: string): PlanStep[] {
  const planned = expandPlan(plan)
  return planned.map((run, index) => {
    const id = runId(run)
    return { ...run, index, total: planned.length, id, dir: join(outDir, id) }
  })
}

/** One call of {@link runPlan}. */
class Execution {
  private readonly plan: string
  private readonly options: RunPlanOptions
  /** Ends the runs in progress when one of them was stopped or failed. */
  private readonly stopping = new AbortController()
  /** Aborted by that, or by the caller. */
  private readonly signal: AbortSignal
  private readonly ended: PlanRun[] = []
  private readonly running = new Set<Promise<void>>()
  /** By the URI of data: settled when the first run with it has loaded it, or has ended. */
  private readonly loaded = new Map<string, Promise<void>>()
  private failure: { readonly error: unknown } | undefined

  constructor(plan: string, options: RunPlanOptions) {
    this.plan = plan
    this.options = options
    const { signal } = this.stopping
    this.signal = options.signal ? AbortSignal.any([options.signal, signal]) : signal
  }

  /** Carries out every run, and gives those that ended, in order. */
  async carryOut(steps: readonly PlanStep[]): Promise<PlanRun[]> {
    try {
      for (const run of steps) {
        await this.turn(run)
        if (this.signal.aborted) break
        this.begin(run)
      }
    } catch (error) {
      this.fail(error)
    }
    await Promise.all(this.running)
    if (this.failure) throw this.failure.error
    return this.ended.sort((a, b) => a.index - b.index)
  }

  /** Waits until there is room for a run, its data has been loaded once, and its folder is free. */
  private async turn({ config, dir }: PlanStep): Promise<void> {
    const { jobs = 1 } = this.options
    while (this.running.size >= jobs) await Promise.race(this.running)
    await this.loaded.get(config.data)
    await untilFree(dir, this.signal)
  }

  private begin(run: PlanStep): void {
    const previous = takePreviousRun(run.dir, run)
    if (previous) {
      this.options.onEvent?.({ kind: 'runReused', run, summary: previous })
      this.ended.push({ ...run, summary: previous })
      return
    }
    const work: Promise<void> = this.train(run)
      .catch(error => this.fail(error))
      .finally(() => this.running.delete(work))
    this.running.add(work)
  }

  private async train(run: PlanStep): Promise<void> {
    const { train, command, onEvent } = this.options
    onEvent?.({ kind: 'runStart', run })
    let hasData = () => {}
    const loading = new Promise<void>(resolve => {
      hasData = resolve
    })
    if (!this.loaded.has(run.config.data)) this.loaded.set(run.config.data, loading)
    try {
      const summary = await train(run.config, {
        ...{ dir: run.dir, name: run.name, plan: this.plan, command },
        ...{ resume: true, signal: this.signal },
        onEvent: event => {
          if (event.kind === 'start') hasData()
          onEvent?.({ kind: 'runProgress', run, event })
        },
      })
      this.ended.push({ ...run, summary })
      onEvent?.({ kind: 'runEnd', run, summary })
      if (summary.status === 'interrupted') this.stopping.abort()
    } finally {
      hasData()
    }
  }

  private fail(error: unknown): void {
    this.failure ??= { error }
    this.stopping.abort()
  }
}
