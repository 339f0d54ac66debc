// `normfree ablate`: every run of a plan, then the comparison; or the list of its runs.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  childTrainer,
  crashLog,
  loadPlan,
  type Plan,
  type PlanRun,
  planSteps,
  runPlan,
  runState,
  slug,
} from '@normfree/lab'
import { isRun, readRun, summarize } from '@normfree/runs'
import { getNumThreads } from '@normfree/torch'
import { checkModelOptions, listModels } from 'normfree'
import type { AblateFlags } from '../commands/ablate.ts'
import type { Context } from '../context.ts'
import { FailedError, InterruptedError } from '../errors.ts'
import { mlflowOf, overridesOf } from '../flags.ts'
import { untilInterrupted } from '../interrupt.ts'
import { planProgress } from '../plan-progress.ts'
import { summaryTable } from '../summary-table.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'
import { writeReport } from './report-file.ts'

export default async function ablate(
  this: Context,
  flags: AblateFlags,
  file: string,
): Promise<void> {
  const plan = await loadPlan(file, {
    set: overridesOf(flags),
    models: listModels().map(({ name }) => name),
    checkModelOptions,
    ...(flags.seed !== undefined && { seeds: [flags.seed] }),
  })
  const outDir = flags.out ?? join('runs', slug(plan.name))
  if (flags.list) return list(this, flags, plan, outDir)
  const planText = await readFile(file, 'utf8')
  configureEngine(flags)
  const { status, runs } = await carryOut(this, flags, plan, outDir)
  const records = runs.filter(({ dir }) => isRun(dir)).map(({ dir }) => readRun(dir))
  const report = records.length > 0 ? join(outDir, 'report.html') : null
  if (report) {
    writeReport(report, { title: plan.name, plan: planText, command: this.command, runs: records })
  }
  const variants = summarize(records)
  const crashed = crashesOf(runs)
  if (flags.json) this.printJson({ plan: plan.name, status, outDir, report, variants, crashed })
  else if (report) this.print(`${summaryTable(variants)}\nreport: ${report}`)
  if (status === 'interrupted')
    throw new InterruptedError('interrupted; the same command goes on where it stopped')
  if (crashed.length > 0) throw new FailedError(crashMessage(crashed, runs.length))
}

async function carryOut(context: Context, flags: AblateFlags, plan: Plan, outDir: string) {
  const { jobs } = flags
  const mlflow = mlflowOf(flags)
  using progress = planProgress(context)
  const threads = Math.max(1, Math.floor(getNumThreads() / jobs))
  const train = childTrainer({ threads })
  return await untilInterrupted(context, signal =>
    runPlan(plan, {
      ...{ outDir, jobs, signal },
      train: (config, options) => train(config, { ...options, ...mlflow }),
      command: context.command,
      onEvent: progress.onEvent,
    }),
  )
}

/** What `--json` says of a run that crashed. */
interface Crash {
  readonly id: string
  readonly name: string
  readonly seed: number
  readonly message: string
  /** The file that tells more. */
  readonly log: string
}

const crashesOf = (runs: readonly PlanRun[]): Crash[] =>
  runs.flatMap(({ id, name, seed, dir, summary }) =>
    summary.status === 'crashed'
      ? [{ id, name, seed, message: summary.message, log: crashLog(dir) }]
      : [],
  )

/** A line for each reason: what all runs of a plan meet is said once. */
function crashMessage(crashes: readonly Crash[], total: number): string {
  const reasons = [...new Set(crashes.map(({ message }) => message))].map(reason => {
    const [first, ...others] = crashes.filter(({ message }) => message === reason)
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    return `${first!.name}, seed ${first!.seed}${more}: ${reason} (${first!.log})`
  })
  return [
    `${crashes.length} of ${total} runs crashed:`,
    ...reasons,
    'The same command tries them again and keeps the others.',
  ].join('\n')
}

function list(context: Context, { json }: AblateFlags, plan: Plan, outDir: string): void {
  const runs = planSteps(plan, outDir).map(({ id, name, seed, dir }) => {
    return { id, name, seed, dir, state: runState(dir) }
  })
  const rows = runs.map(({ name, seed, state, id }) => [name, String(seed), state, id])
  if (json) context.printJson({ plan: plan.name, outDir, runs })
  else context.print(`${table(['variant', 'seed', 'state', 'id'], rows, ['seed'])}\nin ${outDir}`)
}
