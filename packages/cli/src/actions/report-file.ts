// Writing the report of runs, for the commands that end with one.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { markdownTable, type ReportInput, reportHtml } from '@normfree/plots'
import { summarize, writeFileAtomic } from '@normfree/runs'

/** Writes the report, as Markdown where the name ends in .md, whole or not at all; makes its folder. */
export function writeReport(file: string, content: ReportInput): void {
  mkdirSync(dirname(file), { recursive: true })
  const markdown = file.toLowerCase().endsWith('.md')
  writeFileAtomic(file, markdown ? reportMarkdown(content) : reportHtml(content))
}

/** The summary table under the command that made the runs. */
const reportMarkdown = ({ title, command, runs, baseline }: ReportInput): string =>
  `# ${title}\n\n\`\`\`\n${command}\n\`\`\`\n\n${markdownTable(summarize(runs, baseline), baseline)}`
