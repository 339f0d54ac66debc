// The gains of activations: the released table beside quadrature, and the paper's Monte-Carlo recipe.
import { noGrad, randn, tidy } from '@normfree/torch'
import { ACTIVATIONS, type ActivationName, GAMMA, momentsOf } from 'normfree'
import type { Claim } from './claim.ts'
import { near } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'
const TABLE = 'deepmind-research nfnets/base.py'

/** Those of the table that act on each element alone. */
const ELEMENTWISE = [
  'celu',
  'elu',
  'gelu',
  'identity',
  'leaky_relu',
  'log_sigmoid',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'silu',
  'soft_sign',
  'softplus',
  'tanh',
] as const satisfies readonly ActivationName[]

/** What the paper's lines give: 1024 vectors of 256, mean of their biased variances, power -1/2. */
function monteCarloGain(name: ActivationName): number {
  return noGrad(() =>
    tidy(() => {
      const y = ACTIVATIONS[name].module()(randn([1024, 256]))
      return y.var([1], { correction: 0 }).mean().item() ** -0.5
    }),
  )
}

const table: Claim = {
  id: 'gamma',
  title: 'The released table of gains is that of 1/√Var(f(z)), z standard normal',
  source: `${TABLE}; ${PAPER}, section 4.3`,
  scale: 'seconds',
  run() {
    return {
      rows: ELEMENTWISE.map(name =>
        near(name, 'code', momentsOf(name)?.gain as number, GAMMA[name], { relative: 1.5e-3 }),
      ),
      slip: 'The table’s entries are Monte-Carlo estimates: up to 1.2e-3 above the exact gains. celu and elu are the same function at α = 1, and softplus and log_sigmoid have one variance, yet their entries differ. The trained weights need the table’s digits.',
    }
  },
}

const recipe: Claim = {
  id: 'gamma-mc',
  title: 'A few lines of Monte Carlo find the gain of any activation',
  source: `${PAPER}, section 4.3 and appendix D`,
  scale: 'seconds',
  run() {
    // Within a vector of n the biased variance is (n - 1)/n of the true one on average.
    const inflation = Math.sqrt(256 / 255)
    const names = ['relu', 'silu', 'gelu', 'tanh', 'selu', 'sigmoid'] as const
    return {
      rows: names.map(name =>
        near(
          `${name}, 1024 vectors of 256`,
          'theory',
          monteCarloGain(name),
          (momentsOf(name)?.gain as number) * inflation,
          { relative: 0.01 },
        ),
      ),
      remarks: [
        'The biased variance of 256 values is 255/256 of the true one, so the recipe’s gains are √(256/255) = 1.00196 times the exact ones on average.',
      ],
    }
  },
}

/** Claims of this file. */
export const gains: readonly Claim[] = [table, recipe]
