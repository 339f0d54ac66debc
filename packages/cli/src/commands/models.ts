// `normfree models`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree models`. */
export interface ModelsFlags extends CommonFlags {
  readonly tree: boolean
}

export const models = buildCommand<ModelsFlags, [filter?: string], Context>({
  func: action(() => import('../actions/models.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      tree: {
        kind: 'boolean',
        withNegated: false,
        default: false,
        brief: 'Show what one model is made of: shapes, beta, predicted variance',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          optional: true,
          placeholder: 'FILTER',
          brief: 'Part of a name, family or description',
        },
      ],
    },
  },
  docs: {
    customUsage: ['[FILTER]', 'NAME --tree'],
    brief: 'List the models: name, family, parameters, cost, paper',
  },
})
