// `normfree train`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type TrainingFlags, trainingFlags } from '../flags.ts'
import { action } from './action.ts'

export const train = buildCommand<TrainingFlags, [recipe?: string], Context>({
  func: action(() => import('../actions/train.ts')),
  parameters: {
    flags: trainingFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          optional: true,
          placeholder: 'RECIPE',
          brief: 'YAML file with the settings of the run',
        },
      ],
    },
  },
  docs: {
    customUsage: ['RECIPE.yaml', '--set model=NAME'],
    brief: 'Train one model',
    fullDescription:
      'Settings come from the recipe, then from --set, --data, --epochs and --seed; `--set model=NAME` alone is enough. The first Ctrl-C ends the run after the current step, a second one at once.',
  },
})
