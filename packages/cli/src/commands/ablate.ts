// `normfree ablate`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type TrainingFlags, trainingFlags } from '../flags.ts'
import { action } from './action.ts'

export const ablate = buildCommand<TrainingFlags, [plan: string], Context>({
  func: action(() => import('../actions/ablate.ts')),
  parameters: {
    flags: trainingFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, placeholder: 'PLAN', brief: 'YAML file with base, runs, grid and seeds' },
      ],
    },
  },
  docs: {
    customUsage: ['PLAN.yaml'],
    brief: 'Train every run of a plan and compare them',
    fullDescription:
      'Runs that an earlier call finished are kept and one that it did not goes on from its checkpoint, so the same command goes on where it stopped. Ends with a table and a self-contained HTML report.',
  },
})
