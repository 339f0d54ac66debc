// Figures 1, 6, 7 and 11 of the NF-ResNets paper: nets with batch norm, and those that the
// normalizer-free ones are set against. Levels marked `run` are one draw's, PyTorch 1.13, 512 px, batch 2.
import type { Claim } from './claim.ts'
import {
  along,
  correlation,
  extremes,
  firsts,
  growths,
  lasts,
  means,
  type Statistic,
} from './levels.ts'
import { figureOf, RELU_SHARE, reader, unitGrowth } from './reading.ts'
import { atLeast, atMost, between, digits, holds, near } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'

const figure1: Claim = {
  id: 'fig-1',
  title: 'Batch norm keeps every branch at one variance; the signal grows linearly and resets',
  source: `${PAPER}, section 3, figure 1`,
  scale: 'minutes',
  run(bench) {
    const blue = reader(bench, 'bnReluConv')
    const red = reader(bench, 'reluBnConv')
    const he = reader(bench, 'reluBnConvHe')
    const growth = (of: typeof blue) => growths(of.values('channelVariance'))
    const residual = (of: typeof blue) => means(of.values('residualVariance'))
    const order = 'BN-ReLU-Conv: '
    return {
      rows: [
        near(`${order}residual variance, mean of each stage`, 'paper', residual(blue), 0.68, {
          relative: 0.03,
        }),
        near(`${order}growth of the variance a block`, 'theory', growth(blue), RELU_SHARE, {
          relative: 0.05,
        }),
        near(
          `${order}growth of the squared mean a block`,
          'theory',
          growths(blue.values('channelSquaredMean')),
          1 / Math.PI,
          { relative: 0.2 },
        ),
        between(
          `${order}variance behind each transition, "close to 1"`,
          'run',
          firsts(blue.values('channelVariance')),
          1.2,
          1.7,
        ),
        near('ReLU-BN-Conv: residual variance, mean of each stage', 'paper', residual(red), 1, {
          relative: 0.03,
        }),
        near(
          'ReLU-BN-Conv: variance along stage 1',
          'theory',
          along(red.values('channelVariance')[0] ?? []),
          unitGrowth(bench.blocks),
          { relative: 0.05 },
        ),
        near(
          'ReLU-BN-Conv: variance along stage 4',
          'theory',
          along(red.values('channelVariance')[3] ?? []),
          unitGrowth(bench.blocks),
          { relative: 0.05 },
        ),
        atMost(
          'ReLU-BN-Conv: squared mean, any block',
          'paper',
          extremes(red.values('channelSquaredMean'))[1],
          0.05,
        ),
        near(
          'ReLU-BN-Conv, gain √2: residual variance, mean of each stage',
          'theory',
          residual(he),
          2,
          {
            relative: 0.03,
          },
        ),
      ],
      figure: figureOf('value', blue, red),
      slip: 'The caption gives both orders He initialisation. Behind a norm the gain √2 doubles the variance, as the last row measures: the residual variance near 1 of the red line is that of gain 1, which is drawn.',
    }
  },
}

const figure6: Claim = {
  id: 'fig-6',
  title: 'Without norms and scaling the signal of a He-initialised net explodes',
  source: `${PAPER}, appendix F, figure 6`,
  scale: 'minutes',
  run(bench) {
    const net = reader(bench, 'noNorm')
    const variance = net.values('channelVariance')
    const logs = variance.map(stage => stage.map(Math.log))
    const blocks = logs.flat().map((_, block) => block)
    const factor = growths(logs).map(Math.exp)
    const overflow = variance.flat().findIndex(value => value > 3.4028e38)
    const powers = (statistic: Statistic) => lasts(net.values(statistic)).map(Math.log10)
    const transitions = [1, 2, 3].map(
      stage => (variance[stage]?.[0] as number) / (variance[stage - 1]?.at(-1) as number),
    )
    return {
      rows: [
        between('growth of the variance a block, in each stage', 'run', factor, 1.7, 2.1),
        atLeast(
          'log variance over the block: correlation',
          'paper',
          correlation(blocks, logs.flat()),
          0.99,
        ),
        atLeast(
          'variance behind over in front of each transition: no reset',
          'run',
          transitions,
          0.5,
        ),
        near(
          'power of 10 of the squared mean at the stage ends',
          'run',
          powers('channelSquaredMean'),
          [15.7, 31, 45.2, 58.5],
          { absolute: 3 },
        ),
        near(
          'power of 10 of the variance at the stage ends',
          'run',
          powers('channelVariance'),
          [14.8, 30.3, 44.7, 58.2],
          { absolute: 3 },
        ),
        holds(
          'first block whose variance overflows float32',
          'run',
          'about 124',
          overflow < 0 ? 'none' : overflow + 1,
          overflow >= 110 && overflow <= 140,
        ),
      ],
      figure: figureOf('log', net),
      remarks: [
        `The net has neither norms nor biases, so noise of deviation 1e-15 stays within float32, and the statistics are multiplied by 1e30. Stages grow by ${factor.map(digits).join(', ')} a block.`,
      ],
      slip: 'The caption says that the scales grow logarithmically: a straight line on a semilog scale is exponential growth.',
    }
  },
}

const figure7: Claim = {
  id: 'fig-7',
  title: 'Without ReLU there is no mean shift, with batch norm and without',
  source: `${PAPER}, section 4.1 and appendix F, figure 7`,
  scale: 'minutes',
  run(bench) {
    const bn = reader(bench, 'bnLinear')
    const nf = reader(bench, 'nfUnstandardized')
    const lines = [
      ['BN', bn, 0.03],
      ['NF', nf, 0.12],
    ] as const
    return {
      rows: lines.flatMap(([name, net, relative]) => [
        atMost(
          `${name}: squared mean, any block`,
          'paper',
          extremes(net.values('channelSquaredMean'))[1],
          0.1,
        ),
        near(
          `${name}: residual variance, mean of each stage`,
          'paper',
          means(net.values('residualVariance')),
          1,
          {
            relative,
          },
        ),
        near(
          `${name}: variance along stage 1`,
          'theory',
          along(net.values('channelVariance')[0] ?? []),
          unitGrowth(bench.blocks),
          { relative },
        ),
        near(
          `${name}: variance at the stage ends`,
          'theory',
          lasts(net.values('channelVariance')),
          bench.blocks + 1,
          { relative },
        ),
      ]),
      figure: figureOf('value', bn, nf),
      remarks: [
        'Gaussian kernels of gain 1 in both, not standardized: the paper does not state the gain, and He’s √2 belongs to ReLU. No max pool, so that stage 1 runs at 256 px; one image.',
      ],
    }
  },
}

const figure11: Claim = {
  id: 'fig-11',
  title: 'Post-activation ResNets keep the branch at 1 and reset through the normalized shortcut',
  source: `${PAPER}, appendix F, figure 11`,
  scale: 'minutes',
  run(bench) {
    const net = reader(bench, 'v1')
    const variance = net.values('channelVariance')
    const levels = [RELU_SHARE, 1, 9.7, 18.6]
    return {
      rows: [
        near(
          'residual variance: smallest and largest',
          'paper',
          extremes(net.values('residualVariance')),
          1,
          {
            absolute: 0.01,
          },
        ),
        near('variance behind each transition', 'theory', firsts(variance), RELU_SHARE, {
          relative: 0.03,
        }),
        near('variance along stage 1', 'run', along(variance[0] ?? []), levels, { relative: 0.07 }),
        near('variance along stage 4', 'run', along(variance[3] ?? []), levels, { relative: 0.07 }),
        near(
          'squared mean behind each transition',
          'theory',
          firsts(net.values('channelSquaredMean')),
          1 / Math.PI,
          {
            relative: 0.05,
          },
        ),
        near('squared mean at the stage ends', 'run', lasts(net.values('channelSquaredMean')), 26, {
          relative: 0.1,
        }),
      ],
      figure: figureOf('value', net),
    }
  },
}

/** Claims of this file. */
export const normalizedFigures: readonly Claim[] = [figure1, figure6, figure7, figure11]
