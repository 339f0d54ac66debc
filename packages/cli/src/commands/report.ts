// `normfree report`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags, fileEnding } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree report`. */
export interface ReportFlags extends CommonFlags {
  readonly out: string
  readonly baseline?: string
  readonly csv?: string
}

function csvFile(input: string): string {
  if (input === '-' || /.\.csv$/i.test(input)) return input
  throw new RangeError('a file name that ends in .csv, or -')
}

export const report = buildCommand<ReportFlags, string[], Context>({
  func: action(() => import('../actions/report.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      out: {
        kind: 'parsed',
        parse: fileEnding('.html', '.md'),
        default: 'report.html',
        brief: 'The file to write: a page (.html) or the table alone (.md)',
        placeholder: 'FILE',
      },
      baseline: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Variant that the others are compared with [default = the first that was run]',
        placeholder: 'NAME',
      },
      csv: {
        kind: 'parsed',
        parse: csvFile,
        optional: true,
        brief: 'Also write every step and epoch as CSV; - writes it to stdout instead of the table',
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, placeholder: 'RUN', brief: 'Folder of a run, or of many' },
      minimum: 1,
    },
  },
  docs: {
    customUsage: ['RUN...'],
    brief: 'Write a self-contained HTML report, or a Markdown table, of runs',
    fullDescription:
      'Compares variants with 95% intervals of their differences, and shows of a sweep what the score depends on. --json gives all of it as numbers; docs/ablations.md says how to read them.',
  },
})
