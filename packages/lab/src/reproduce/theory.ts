// Equations 1 to 3 of the NF-ResNets paper, checked by Monte Carlo and by quadrature.
import { nn, noGrad, randn, type Tensor, tidy } from '@normfree/torch'
import { channelStatistics, GAMMA, momentsOf, ScaledStdConv2d } from 'normfree'
import type { Claim } from './claim.ts'
import { figureSignal } from './figure-nets.ts'
import { mean, stageValues } from './levels.ts'
import { RELU_SHARE } from './reading.ts'
import { atMost, near } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'

const linearLayer: Claim = {
  id: 'P-E1',
  title: 'A fixed linear layer on iid inputs g(x): mean N μ_g μ_W, variance N σ_g² (σ_W² + μ_W²)',
  source: `${PAPER}, equations 1 and 2`,
  scale: 'seconds',
  run() {
    const [fanIn, units, samples] = [256, 64, 50_000]
    const { mean: muG, variance: varG } = momentsOf('relu') as { mean: number; variance: number }
    const errors = noGrad(() =>
      tidy(() => {
        const weight = randn([units, fanIn])
        const z = randn([samples, fanIn]).relu().matmul(weight.t())
        const [variance, center] = z.varMean([0], { correction: 0 })
        const [varW, muW] = weight.varMean([1], { correction: 0 })
        const expected = varW.add(muW.square()).mul(fanIn * varG)
        const shift = center.sub(muW.mul(fanIn * muG))
        return {
          // In standard errors of a mean over the samples, that the units differ in.
          mean: shift.div(expected.div(samples).sqrt()).abs().max().item(),
          variance: variance.div(expected).sub(1).abs().max().item(),
        }
      }),
    )
    return {
      rows: [
        atMost(
          'largest error of a mean over 64 units, in standard errors',
          'theory',
          errors.mean,
          4.5,
        ),
        atMost('largest relative error of a variance', 'theory', errors.variance, 0.04),
      ],
      remarks: [`g is ReLU, W is N(0, 1) of 64 x 256, ${samples.toLocaleString('en-US')} samples.`],
    }
  },
}

const reluMoments: Claim = {
  id: 'P-E2',
  title: 'ReLU of a standard normal: mean 1/√(2π), variance (1 − 1/π)/2, gain √2/√(1 − 1/π)',
  source: `${PAPER}, sections 4.1 and 4.3`,
  scale: 'seconds',
  run() {
    const {
      mean: center,
      variance,
      gain,
    } = momentsOf('relu') as NonNullable<ReturnType<typeof momentsOf>>
    const exact = { absolute: 1e-9 }
    return {
      rows: [
        near('mean, by quadrature', 'paper', center, 1 / Math.sqrt(2 * Math.PI), exact),
        near('variance', 'paper', variance, RELU_SHARE / 2, exact),
        near('gain γ', 'paper', gain, Math.SQRT2 / Math.sqrt(RELU_SHARE), exact),
      ],
    }
  },
}

/** Statistics behind one standardized convolution of ReLU outputs times `gamma`, without padding. */
const layer = (x: Tensor, gamma: number): Tensor => {
  const conv = new ScaledStdConv2d(x.shape[1] as number, 256, 3)
  return conv(x.relu().mul(gamma))
}

const standardized: Claim = {
  id: 'P-E3',
  title: 'Scaled Weight Standardization: mean 0 and variance γ² σ_g² in every unit',
  source: `${PAPER}, section 4.2, equation 3`,
  scale: 'seconds',
  run() {
    const [he, sws] = noGrad(() =>
      tidy(() => {
        const x = randn([8, 128, 34, 34])
        const plain = new nn.Conv2d(128, 256, 3, { bias: false })
        nn.init.normal_(plain.weight, 0, Math.sqrt(2 / (9 * 128)))
        return [
          channelStatistics(plain(x.relu())),
          channelStatistics(layer(x, GAMMA.relu)),
        ] as const
      }),
    )
    return {
      rows: [
        atMost('Scaled WS: squared mean', 'theory', sws.squaredMean, 1e-3),
        near('Scaled WS: variance, γ² σ_g² = 1', 'theory', sws.variance, 1, { relative: 0.01 }),
        // E (row sum)^2 = N 2/N = 2, times the squared mean of ReLU, 1/(2 pi).
        near('He in its place: squared mean, 1/π', 'theory', he.squaredMean, 1 / Math.PI, {
          relative: 0.25,
        }),
      ],
    }
  },
}

const gainChoice: Claim = {
  id: 'P-E4',
  title: 'γ = 1/σ_g keeps the variance through a stack of layers; He’s √2 loses 32% a layer',
  source: `${PAPER}, section 4.3 and figure 8`,
  scale: 'seconds',
  run() {
    const depth = 8
    const through = (gamma: number) =>
      noGrad(() =>
        tidy(() => {
          let x = randn([4, 256, 32, 32])
          for (let i = 0; i < depth; i++) x = new ScaledStdConv2d(256, 256, 1)(x.relu().mul(gamma))
          return channelStatistics(x).variance
        }),
      )
    return {
      rows: [
        near(`variance behind ${depth} layers with γ`, 'theory', through(GAMMA.relu), 1, {
          relative: 0.15,
        }),
        near(
          `variance behind ${depth} layers with √2, (1 − 1/π)^${depth}`,
          'theory',
          through(Math.SQRT2),
          RELU_SHARE ** depth,
          { relative: 0.15 },
        ),
      ],
    }
  },
}

const branchScale: Claim = {
  id: 'P-E5',
  title: 'In a batch-norm net the branch of block l is √l smaller than what it is added to',
  source: `${PAPER}, sections 2 and 3 (De and Smith, 2020)`,
  scale: 'minutes',
  run(bench) {
    const signal = figureSignal(bench, 'reluBnConv')
    const variance = stageValues(signal, 'channelVariance')
    const residual = stageValues(signal, 'residualVariance')
    // Block b (from 0) of a stage adds variance 1 to b + 1.
    const products = residual.map(stage =>
      mean(
        stage
          .slice(1)
          .map(
            (value, i) => (value * (i + 2)) / (variance[residual.indexOf(stage)]?.[i] as number),
          ),
      ),
    )
    return {
      rows: [
        near(
          'branch over shortcut variance, times the block’s number: mean of each stage',
          'theory',
          products,
          1,
          { relative: 0.05 },
        ),
      ],
    }
  },
}

/** Claims of this file. */
export const theory: readonly Claim[] = [
  linearLayer,
  reluMoments,
  standardized,
  gainChoice,
  branchScale,
]
