// The recipe that the papers' constants were made by (NF-ResNets, Appendix D.1), to be shown beside the
// exact numbers.
import { noGrad, randn, type Tensor, tidy } from '@normfree/torch'

/** An estimate of a gain. */
export interface MonteCarloGain {
  gain: number
  /** Standard deviation of `gain` over draws, estimated from the spread of the vectors. */
  standardError: number
}

const VECTORS = 1024
const SIZE = 256

/**
 * What the recipe expects to find too much, as a factor: the biased variance of 256 independent
 * numbers is (255 / 256) Var f(z) on average, and the gain is its power -1/2, so sqrt(256 / 255).
 */
export const MONTE_CARLO_BIAS: number = Math.sqrt(SIZE / (SIZE - 1))

/**
 * The gain of `f` by the papers' recipe: 1024 vectors of 256 draws of N(0, 1), the mean over the
 * vectors of the biased variance within each, and that to the power -1/2. It is
 * {@link MONTE_CARLO_BIAS} too large on average, and differs from seed to seed. Draws come from the
 * default random stream.
 *
 * @param f of a float64 tensor (1024, 256); its result may have another last size
 */
export function monteCarloGain(f: (x: Tensor) => Tensor): MonteCarloGain {
  return noGrad(() =>
    tidy(() => {
      const variances = f(normalVectors()).varMean([-1], { correction: 0 })[0]
      const [spread, mean] = variances.varMean([0])
      const gain = mean.item() ** -0.5
      // d gain / gain = -1/2 d mean / mean
      const relative = Math.sqrt(spread.item() / VECTORS) / mean.item() / 2
      return { gain, standardError: gain * relative }
    }),
  )
}

/** Draws of N(0, 1): float64 (1024, 256). */
export const normalVectors = (): Tensor => randn([VECTORS, SIZE], { dtype: 'float64' })
