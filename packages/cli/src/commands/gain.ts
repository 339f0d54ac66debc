// `normfree gain`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree gain`. */
export interface GainFlags extends CommonFlags {
  readonly module?: readonly string[]
}

export const gain = buildCommand<GainFlags, string[], Context>({
  func: action(() => import('../actions/gain.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      module: {
        kind: 'parsed',
        parse: String,
        optional: true,
        variadic: true,
        brief:
          'A JavaScript or TypeScript file that exports an activation as an nn.Module; may be repeated',
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'array',
      parameter: {
        parse: String,
        placeholder: 'ACTIVATION',
        brief: 'Name of an activation, or an expression in x: "x * sigmoid(1.702 * x)"',
      },
    },
  },
  docs: {
    customUsage: ['ACTIVATION...', '--module FILE'],
    brief: 'Variance-preserving gain of activations',
    fullDescription:
      "The factor gamma that gives gamma * act(x) unit variance for x ~ N(0, 1): exact, by quadrature, beside the constant that published models were trained with and the estimate of the papers' recipe, with its standard error. Expressions have + - * / ^, min, max, clamp, abs, exp, log, erf, tanh, ... and the named activations as functions.",
  },
})
