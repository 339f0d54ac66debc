// Writing the report of runs, for the commands that end with one.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { markdownFactors, markdownTable, type ReportInput, reportHtml } from '@normfree/plots'
import { analyzeFactors, summarize, writeFileAtomic } from '@normfree/runs'

/** Writes the report, as Markdown where the name ends in .md, whole or not at all; makes its folder. */
export function writeReport(file: string, content: ReportInput): void {
  mkdirSync(dirname(file), { recursive: true })
  const markdown = file.toLowerCase().endsWith('.md')
  writeFileAtomic(file, markdown ? reportMarkdown(content) : reportHtml(content))
}

/** The summary table under the command that made the runs, and of a sweep what its score depends on. */
function reportMarkdown({ title, command, runs, baseline }: ReportInput): string {
  const parts = [`# ${title}\n`, `\`\`\`\n${command}\n\`\`\`\n`]
  const [final] = analyzeFactors(runs)
  return [
    ...parts,
    markdownTable(summarize(runs, baseline), baseline),
    ...(final && final.r2 !== null ? [markdownFactors(final)] : []),
  ].join('\n')
}
