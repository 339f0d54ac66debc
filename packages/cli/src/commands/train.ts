// `normfree train`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type RunFlags, runFlags } from '../flags.ts'
import { action } from './action.ts'

export const train = buildCommand<RunFlags, [recipe?: string], Context>({
  func: action(() => import('../actions/train.ts')),
  parameters: {
    flags: runFlags,
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
    customUsage: ['RECIPE.yaml', '--set model=NAME', 'RECIPE.yaml --resume', '--resume DIR'],
    brief: 'Train one model',
    fullDescription:
      'Settings come from the recipe, then from --set, --data, --epochs and --seed; `--set model=NAME` alone is enough. The first Ctrl-C saves a checkpoint after the current step and ends the run, a second one ends it at once. --resume goes on where a run stopped, be it killed, as if it had not.',
  },
})
