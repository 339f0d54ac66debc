// `normfree spp`: flags and help.
import { OPTIONAL_STATISTICS, type OptionalStatistic } from '@normfree/runs'
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags, fileEnding, integerFrom, moduleFlag } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree spp`. */
export interface SppFlags extends CommonFlags {
  readonly svg?: string
  readonly png?: string
  readonly draws?: number
  readonly batch?: number
  readonly resolution?: number
  readonly option?: readonly string[]
  readonly module?: string
  readonly weights?: string
  readonly data?: string
  readonly statistics?: readonly OptionalStatistic[]
  readonly blocks?: string
}

function statisticsFrom(input: string): OptionalStatistic[] {
  return input.split(',').map(name => {
    const found = OPTIONAL_STATISTICS.find(each => each === name.trim())
    if (found) return found
    throw new RangeError(`names out of ${OPTIONAL_STATISTICS.join(', ')}`)
  })
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
        optional: true,
        brief: 'Initialisations, or batches, to average over [default = 5, fewer for large models]',
        placeholder: 'N',
      },
      batch: {
        kind: 'parsed',
        parse: integerFrom(2),
        optional: true,
        brief: 'Images in a batch [default = 16, fewer for large models]',
        placeholder: 'N',
      },
      resolution: {
        kind: 'parsed',
        parse: integerFrom(8),
        optional: true,
        brief:
          "Side of the images in pixels [default = the model's; for noise larger than its training size]",
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
      module: moduleFlag,
      weights: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Weights of the one model, as predict takes them [default = new ones in each draw]',
        placeholder: 'FILE|ID',
      },
      data: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Measure on the test images of this data [default = Gaussian noise]',
        placeholder: 'URI',
      },
      statistics: {
        kind: 'parsed',
        parse: statisticsFrom,
        optional: true,
        brief: `Measure these too, between commas: ${OPTIONAL_STATISTICS.join(', ')}`,
        placeholder: 'NAMES',
      },
      blocks: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Names of the modules that are blocks, e.g. stages.*.* [default = residual blocks]',
        placeholder: 'PATTERN',
      },
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, placeholder: 'MODEL', brief: 'Name of a model' },
    },
  },
  docs: {
    customUsage: ['MODEL...', '--module FILE'],
    brief: 'Signal propagation plots of one or more models',
    fullDescription:
      'Sends unit Gaussian noise, or images, through freshly initialised models, or a checkpoint, and plots, at every block, the average squared channel mean, the average channel variance and the variance of the residual branch, beside the variance that theory predicts. The shade is what the draws spread over. Blocks of a module of your own are found by their residual sums; a model without any is taken layer by layer.',
  },
})
