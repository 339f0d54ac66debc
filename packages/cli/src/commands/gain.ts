// `normfree gain`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

export const gain = buildCommand<CommonFlags, string[], Context>({
  func: action(() => import('../actions/gain.ts')),
  parameters: {
    flags: commonFlags,
    positional: {
      kind: 'array',
      parameter: { parse: String, placeholder: 'ACTIVATION', brief: 'Name of an activation' },
      minimum: 1,
    },
  },
  docs: {
    customUsage: ['ACTIVATION...'],
    brief: 'Variance-preserving gain of activations',
    fullDescription:
      'The factor gamma that gives gamma * act(x) unit variance for x ~ N(0, 1): exact, by quadrature, beside the constant that published models were trained with.',
  },
})
