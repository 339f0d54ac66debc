// `normfree reproduce`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree reproduce`. */
export interface ReproduceFlags extends CommonFlags {
  readonly list: boolean
  readonly all: boolean
  readonly minutes: boolean
  readonly data: string
  readonly out?: string
}

const flag = (brief: string) =>
  ({ kind: 'boolean', brief, withNegated: false, default: false }) as const

export const reproduce = buildCommand<ReproduceFlags, string[], Context>({
  func: action(() => import('../actions/reproduce.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      list: flag('List all claims, and those that need more than this machine'),
      all: flag('Run every claim that takes seconds'),
      minutes: flag('Run those that take minutes too'),
      data: {
        kind: 'parsed',
        parse: String,
        default: 'synthetic',
        brief: 'Images for the claims on data: synthetic, cifar10, cifar10:DIR or folder:PATH',
        placeholder: 'URI',
      },
      out: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Folder to write reproduction.md and the figures to',
        placeholder: 'DIR',
      },
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, placeholder: 'ID', brief: 'Id of a claim: fig-1, P-E2, table-3' },
    },
  },
  docs: {
    customUsage: ['ID...', '--list', '--all', '--minutes --out results'],
    brief: 'Figures, tables and claims of the papers, each with a verdict',
    fullDescription:
      'Runs what the papers show and say, and prints what is expected, where that comes from, what was measured, and the verdict. Where a document has a mistake in it although its claim holds, the mistake is named. Exits with 1 when a claim failed.',
  },
})
