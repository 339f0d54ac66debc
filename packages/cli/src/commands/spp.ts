// `normfree spp`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags, fileEnding, integerFrom } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree spp`. */
export interface SppFlags extends CommonFlags {
  readonly svg?: string
  readonly png?: string
  readonly draws: number
  readonly batch: number
  readonly resolution?: number
  readonly option?: readonly string[]
}

export const spp = buildCommand<SppFlags, string[], Context>({
  func: action(() => import('../actions/spp.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      svg: {
        kind: 'parsed',
        parse: fileEnding('.svg'),
        inferEmpty: true,
        optional: true,
        brief: 'Also draw to a file [default = spp-MODEL.svg]',
        placeholder: 'FILE',
      },
      png: {
        kind: 'parsed',
        parse: fileEnding('.png'),
        inferEmpty: true,
        optional: true,
        brief: 'Also draw to a file [default = spp-MODEL.png]',
        placeholder: 'FILE',
      },
      draws: {
        kind: 'parsed',
        parse: integerFrom(1),
        default: '5',
        brief: 'Initialisations to average over',
        placeholder: 'N',
      },
      batch: {
        kind: 'parsed',
        parse: integerFrom(2),
        default: '16',
        brief: 'Noise images in a batch',
        placeholder: 'N',
      },
      resolution: {
        kind: 'parsed',
        parse: integerFrom(8),
        optional: true,
        brief:
          "Side of the noise images in pixels [default = the model's, larger than its training size]",
        placeholder: 'PX',
      },
      option: {
        kind: 'parsed',
        parse: String,
        optional: true,
        variadic: true,
        brief: 'Option of the models, e.g. alpha=1 or norm=group; may be repeated',
        placeholder: 'key=value',
      },
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, placeholder: 'MODEL', brief: 'Name of a model' },
      minimum: 1,
    },
  },
  docs: {
    customUsage: ['MODEL...'],
    brief: 'Signal propagation plots of one or more models',
    fullDescription:
      'Sends unit Gaussian noise through freshly initialised models and plots, at every block, the average squared channel mean, the average channel variance and the variance of the residual branch, beside the variance that theory predicts.',
  },
})
