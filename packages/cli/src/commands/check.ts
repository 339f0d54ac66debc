// `normfree check`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags, integerFrom, moduleFlag, weightsFlag } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree check`. */
export interface CheckFlags extends CommonFlags {
  readonly module?: string
  readonly weights?: string
  readonly recipe?: string
  readonly steps?: number
  readonly resolution?: number
  readonly fix: boolean
}

export const check = buildCommand<CheckFlags, [model?: string], Context>({
  func: action(() => import('../actions/check.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      module: moduleFlag,
      weights: weightsFlag,
      recipe: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'How it will be trained: whether silent branches wake up under adaptive clipping',
        placeholder: 'FILE',
      },
      steps: {
        kind: 'parsed',
        parse: integerFrom(1),
        optional: true,
        brief: "Steps of training [default = the recipe's epochs, for which its data is loaded]",
        placeholder: 'N',
      },
      resolution: {
        kind: 'parsed',
        parse: integerFrom(8),
        optional: true,
        brief: "Side of the noise images in pixels [default = the data's, the model's, or 224]",
        placeholder: 'PX',
      },
      fix: {
        kind: 'boolean',
        brief: 'Also print the settings to change, and what is found with these',
        withNegated: false,
        default: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, optional: true, placeholder: 'MODEL', brief: 'Name of a model' },
      ],
    },
  },
  docs: {
    customUsage: ['MODEL', '--module FILE', '--recipe RECIPE.yaml'],
    brief: 'Find what would keep a model from training without normalization',
    fullDescription:
      'Looks at kernels, gains and expected deviations, and at a pass over unit Gaussian noise. Every finding names the block, the numbers, the likely cause and the change to make. Exits with 1 on a fault, so that it can stand in front of a training job.',
  },
})
