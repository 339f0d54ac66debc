// `normfree ablate`: every run of a plan, then the comparison.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadData, loadPlan, runPlan, slug, train } from '@normfree/lab'
import { readRun, studyOf } from '@normfree/runs'
import { checkModelOptions, listModels } from 'normfree'
import type { Context } from '../context.ts'
import { InterruptedError } from '../errors.ts'
import { overridesOf, type TrainingFlags } from '../flags.ts'
import { untilInterrupted } from '../interrupt.ts'
import { loadingProgress, planProgress } from '../progress.ts'
import { summaryTable } from '../summary-table.ts'
import { configureEngine } from './engine.ts'
import { writeReport } from './report-file.ts'

export default async function ablate(
  this: Context,
  flags: TrainingFlags,
  file: string,
): Promise<void> {
  const plan = await loadPlan(file, {
    set: overridesOf(flags),
    models: listModels().map(({ name }) => name),
    checkModelOptions,
    ...(flags.seed !== undefined && { seeds: [flags.seed] }),
  })
  const planText = await readFile(file, 'utf8')
  configureEngine(flags)
  const outDir = flags.out ?? join('runs', slug(plan.name))
  using progress = planProgress(this)
  const { status, runs } = await untilInterrupted(this, signal =>
    runPlan(plan, {
      outDir,
      train,
      command: this.command,
      loadData: uri => loadData(uri, { signal, onProgress: loadingProgress(this) }),
      onEvent: progress.onEvent,
      signal,
    }),
  )
  const records = runs.map(({ dir }) => readRun(dir))
  const report = records.length > 0 ? join(outDir, 'report.html') : null
  if (report) {
    writeReport(report, { title: plan.name, plan: planText, command: this.command, runs: records })
  }
  const statistics = records.length > 0 ? studyOf(records) : { variants: [] }
  if (flags.json) this.printJson({ plan: plan.name, status, outDir, report, ...statistics })
  else if (report) this.print(`${summaryTable(statistics.variants)}\nreport: ${report}`)
  if (status === 'interrupted') {
    throw new InterruptedError('interrupted; the same command goes on where it stopped')
  }
}
