// Writing the report of runs, for the commands that end with one.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { reportHtml } from '@normfree/plots'
import { type RunRecord, writeFileAtomic } from '@normfree/runs'

/** What a report says about its runs. */
export interface ReportContent {
  readonly title: string
  /** The plan or recipe as it was run. */
  readonly plan?: string
  readonly command: string
  readonly runs: readonly RunRecord[]
}

/** Writes the report whole or not at all, and makes its folder. */
export function writeReport(file: string, content: ReportContent): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileAtomic(file, reportHtml(content))
}
