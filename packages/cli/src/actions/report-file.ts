// Writing the report of runs, for the commands that end with one.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type ReportInput, reportHtml } from '@normfree/plots'
import { writeFileAtomic } from '@normfree/runs'

/** Writes the report whole or not at all, and makes its folder. */
export function writeReport(file: string, content: ReportInput): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileAtomic(file, reportHtml(content))
}
