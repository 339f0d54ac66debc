// `normfree ablate`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { integerFrom, type TrainingFlags, trainingFlags } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree ablate`. */
export interface AblateFlags extends TrainingFlags {
  readonly jobs: number
  readonly list: boolean
}

export const ablate = buildCommand<AblateFlags, [plan: string], Context>({
  func: action(() => import('../actions/ablate.ts')),
  parameters: {
    flags: {
      ...trainingFlags,
      jobs: {
        kind: 'parsed',
        parse: integerFrom(1),
        default: '1',
        brief: 'Runs at a time, which share the threads',
        placeholder: 'N',
      },
      list: {
        kind: 'boolean',
        brief: 'List the runs and how they stand, and run none',
        withNegated: false,
        default: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          placeholder: 'PLAN',
          brief: 'YAML file with base, runs, grid, when, exclude, include and seeds',
        },
      ],
    },
  },
  docs: {
    customUsage: ['PLAN.yaml', 'PLAN.yaml --jobs 2', 'PLAN.yaml --list'],
    brief: 'Train every run of a plan and compare them',
    fullDescription:
      'Each run has a process of its own: one that crashes leaves the others alone, is named at the end, with exit code 1, and is tried again by the same command. That keeps the runs that have ended and goes on with the others from their checkpoints, also after Ctrl-C. Ends with a table and a self-contained HTML report.',
  },
})
