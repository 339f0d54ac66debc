// `normfree models`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

export const models = buildCommand<CommonFlags, [filter?: string], Context>({
  func: action(() => import('../actions/models.ts')),
  parameters: {
    flags: commonFlags,
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
    customUsage: ['[FILTER]'],
    brief: 'List the models: name, family, parameters, cost, paper',
  },
})
