// `normfree convert`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import {
  type CommonFlags,
  commonFlags,
  fileEnding,
  integerFrom,
  moduleFlag,
  positiveNumber,
  weightsFlag,
} from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree convert`. */
export interface ConvertFlags extends CommonFlags {
  readonly module?: string
  readonly weights?: string
  readonly alpha?: number
  readonly zeroInitLast?: boolean
  readonly resolution?: number
  readonly out?: string
}

export const convert = buildCommand<ConvertFlags, [model?: string], Context>({
  func: action(() => import('../actions/convert.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      module: moduleFlag,
      weights: weightsFlag,
      alpha: {
        kind: 'parsed',
        parse: positiveNumber,
        optional: true,
        brief: 'Growth of the variance a block is alpha^2 [default = 0.2]',
        placeholder: 'NUMBER',
      },
      zeroInitLast: {
        kind: 'boolean',
        optional: true,
        brief: 'Start branches silent [default = yes, unless the norms are trained]',
      },
      resolution: {
        kind: 'parsed',
        parse: integerFrom(8),
        optional: true,
        brief: "Side of the images in pixels [default = the model's, or 224]",
        placeholder: 'PX',
      },
      out: {
        kind: 'parsed',
        parse: fileEnding('.safetensors'),
        optional: true,
        brief: 'Write the weights of the converted model to a .safetensors file',
        placeholder: 'FILE',
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
    customUsage: ['MODEL', '--module FILE', 'MODEL --weights SOURCE --out FILE'],
    brief: 'Turn a batch-norm model into its normalizer-free form',
    fullDescription:
      'Puts standardized convolutions in place of convolutions and batch norms, their scales taken from the signal that is expected, and alpha at the end of every branch. Lists what changed, what could not be changed and why, and checks the result: exits with 1 on a fault.',
  },
})
