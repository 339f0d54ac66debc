// `normfree report`: run folders to one HTML file.
import { mkdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import {
  csvOf,
  listRuns,
  type RunRecord,
  readRun,
  summarize,
  writeFileAtomic,
} from '@normfree/runs'
import type { ReportFlags } from '../commands/report.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { summaryTable } from '../summary-table.ts'
import { writeReport } from './report-file.ts'

export default async function report(
  this: Context,
  flags: ReportFlags,
  ...folders: string[]
): Promise<void> {
  if (flags.csv === '-' && flags.json)
    throw new UsageError(
      'Expected `--json` or `--csv -` but received both: each fills stdout alone.',
    )
  const dirs = [...new Set(folders.flatMap(runsIn))]
  if (dirs.length === 0) {
    throw new UsageError(
      `Expected folders with runs but found none in ${folders.join(', ')}. \`normfree train\` makes one.`,
    )
  }
  const runs = dirs.map(dir => readRun(dir)).sort(byCreation)
  const plans = [...new Set(runs.map(run => run.header.plan ?? run.header.name))]
  const title = plans.length === 1 ? plans[0]! : folders.map(folder => basename(folder)).join(', ')
  const commands = [...new Set(runs.map(run => run.header.command))]
  writeReport(flags.out, { title, command: commands.join('\n'), runs })
  if (flags.csv !== undefined) writeCsv(this, flags.csv, runs)
  const variants = summarize(runs)
  if (flags.json) this.printJson({ report: flags.out, variants })
  else if (flags.csv !== '-') this.print(`${summaryTable(variants)}\nreport: ${flags.out}`)
}

function writeCsv({ print }: Context, file: string, runs: readonly RunRecord[]): void {
  const text = csvOf(runs)
  if (file === '-')
    print(text.slice(0, -1)) // print() ends the last line
  else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileAtomic(file, text)
  }
}

/** The runs in a folder without those that a plan has set aside to train them afresh. */
function runsIn(folder: string): string[] {
  const dirs = listRuns(resolve(folder))
  return dirs.length === 1 ? dirs : dirs.filter(dir => !/\.interrupted-\d+$/.test(dir))
}

const byCreation = (a: RunRecord, b: RunRecord) =>
  a.header.created.localeCompare(b.header.created, 'en')
