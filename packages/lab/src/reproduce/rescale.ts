// What the reviewers of RescaleNet asked to see: whether the variance is kept, whether blocks contribute
// alike, and whether the means of a few batches keep units alive.
import { cat, manualSeed, nn, noGrad, randn, type Tensor, tidy } from '@normfree/torch'
import {
  blockContributions,
  createModel,
  measureSignal,
  RescaleNet,
  rescaleWeights,
} from 'normfree'
import type { Claim } from './claim.ts'
import { imageBatches } from './images.ts'
import { mean, type StageValues, stageValues } from './levels.ts'
import { atMost, between, digits, near } from './rows.ts'

const REVIEWS = 'reviews of Shao et al., 2020 (NeurIPS)'
/** rescale50. */
const DEPTHS = [3, 4, 6, 3] as const
const L50 = 16

/** White noise, or noise of an eighth of the side enlarged: as smooth as photographs are. */
function noise(smooth = false, side = 96): Tensor {
  if (!smooth) return randn([4, 3, side, side])
  const grid = randn([4, 3, side / 8, side / 8])
  return nn.functional.interpolate(grid, { size: [side, side], mode: 'bilinear' })
}

/** Second moments of the blocks' outputs, stage by stage. */
function secondMoments(name: string, input: Tensor): StageValues {
  const signal = { model: name, input: '', taps: measureSignal(createModel(name), input) }
  const [squaredMean, variance] = [
    stageValues(signal, 'channelSquaredMean'),
    stageValues(signal, 'channelVariance'),
  ]
  return variance.map((stage, s) =>
    stage.map((value, b) => value + (squaredMean[s]?.[b] as number)),
  )
}

/** Geometric mean of the growth from block to block within stages, less 1. */
function drift(stages: StageValues): number {
  const steps = stages.flatMap(stage =>
    stage.slice(1).map((value, i) => Math.log(value / (stage[i] as number))),
  )
  return Math.exp(mean(steps)) - 1
}

/** The second moment behind over in front of each transition. */
const transitions = (stages: StageValues): number[] =>
  stages.slice(1).map((stage, i) => (stage[0] as number) / (stages[i]?.at(-1) as number))

/**
 * Mean |correlation| of two channels behind a block, less what it would be of as many independent
 * normal values, sqrt(2 / (pi n)): the largest of all blocks.
 */
function excessCorrelation(name: string): number {
  const input = noise()
  const [samples = 0, , side = 0] = input.shape
  const taps = measureSignal(createModel(name), input, { statistics: ['channelCorrelation'] })
  const excess = taps.slice(1).map(({ stage, channelCorrelation = Number.NaN }) => {
    const values = samples * (side / 2 ** (stage + 2)) ** 2
    return channelCorrelation - Math.sqrt(2 / (Math.PI * values))
  })
  return Math.max(...excess)
}

const POOLS =
  'The shortcut of a transition averages 2 x 2 positions, subtracts the mean, and ends in a ReLU behind its convolution: each takes a share of the second moment, and the weights account for none.'

const variance: Claim = {
  id: 'R1',
  title: 'RescaleNet keeps the scale of the signal, if coordinates are uncorrelated',
  source: `${REVIEWS}, reviews 1 and 2`,
  scale: 'seconds',
  run() {
    const sums = [L50, 33, 66].flatMap(blocks =>
      rescaleWeights(blocks).map(({ identity, residual }) => identity ** 2 + residual ** 2),
    )
    const stages = secondMoments('rescale50', noise())
    const smooth = transitions(secondMoments('rescale50', noise(true)))
    return {
      rows: [
        near(
          'squared weights of a block, summed: smallest and largest at L = 16, 33, 66',
          'paper',
          [Math.min(...sums), Math.max(...sums)],
          1,
          { absolute: 1e-12 },
        ),
        near(
          'rescale50: drift of the second moment a block, within stages',
          'paper',
          drift(stages),
          0,
          { absolute: 0.05 },
        ),
        near('rescale101: the same', 'paper', drift(secondMoments('rescale101', noise())), 0, {
          absolute: 0.03,
        }),
        near(
          'rescale50: second moment behind over in front of each transition',
          'paper',
          transitions(stages),
          1,
          { relative: 0.1 },
        ),
        atMost(
          'rescale50: mean |correlation| of two channels beyond chance, worst block',
          'paper',
          excessCorrelation('rescale50'),
          0.1,
        ),
      ],
      remarks: [
        `${POOLS} On noise that is as smooth as photographs the three factors are ${smooth.map(digits).join(', ')}.`,
      ],
    }
  },
}

const contributions: Claim = {
  id: 'R2b',
  title: 'Every block of RescaleNet contributes the same to the output',
  source: `${REVIEWS}, review 2`,
  scale: 'seconds',
  run() {
    const weights = rescaleWeights(L50)
    const share = 1 / Math.sqrt(2 * L50 - 1)
    const products = (from: number) =>
      weights.slice(from).reduce((product, { identity }) => product * identity, 1)
    const analytic = weights.map(({ residual }, j) => residual * products(j + 1))
    const measured = blockContributions(createModel('rescale50'), noise(false, 64)).map(
      ({ change }) => change,
    )
    return {
      rows: [
        near(
          'product of the shortcuts’ weights at L = 16',
          'theory',
          products(0),
          Math.sqrt((L50 - 1) / (2 * L50 - 1)),
          { relative: 1e-9 },
        ),
        near(
          'contribution of each block by the weights: smallest and largest, 1/√(2L − 1)',
          'theory',
          [Math.min(...analytic), Math.max(...analytic)],
          share,
          { relative: 1e-9 },
        ),
        atMost(
          'rescale50: change of the features when one branch is removed, largest over smallest behind the first block of each stage',
          'paper',
          DEPTHS.map((depth, stage) => {
            const start = DEPTHS.slice(0, stage).reduce((sum, blocks) => sum + blocks, 0)
            const later = measured.slice(start + 1, start + depth)
            return Math.max(...later) / Math.min(...later)
          }),
          1.1,
        ),
        between(
          'rescale50: change of the features when one branch is removed, each block',
          'paper',
          measured,
          share / 2,
          share * 2,
        ),
      ],
      remarks: [`${POOLS} So blocks of one stage contribute alike, and earlier stages more.`],
    }
  },
}

const SWEEP = [0, 1, 2, 4, 8, 16, 32, 64] as const

const deadUnits: Claim = {
  id: 'R2d',
  title: 'Means of a few batches keep ReLU units alive; more batches change little',
  source: `${REVIEWS}, review 2, question 4`,
  scale: 'minutes',
  async run(bench) {
    const batches = (await imageBatches(bench, 8, 72)).map(({ images }) => images)
    const shares = SWEEP.map(count => {
      manualSeed(bench.seed)
      return deadShare(batches.slice(0, count), cat(batches.slice(64)))
    })
    const [without, ...withMeans] = shares as [number, ...number[]]
    return {
      rows: [
        atMost(
          `share of dead units with the means of ${SWEEP.slice(1).join(', ')} batches, over that without`,
          'paper',
          withMeans.map(share => share / without),
          0.5,
        ),
        near(
          'change from 8 batches to 64',
          'paper',
          (shares.at(-1) as number) - (shares[4] as number),
          0,
          { absolute: 0.01 },
        ),
      ],
      remarks: [
        `rescale50 at initialisation, batches of 8 images of ${(await bench.data()).name} at 64 px. A unit, a channel behind a ReLU, is dead when it is 0 at every position of 64 other images. Shares with ${SWEEP.join(', ')} batches: ${shares.map(digits).join(', ')}.`,
      ],
    }
  },
}

/** Share of the channels behind ReLUs that are 0 at every position of all `images`, over the blocks. */
function deadShare(batches: readonly Tensor[], images: Tensor): number {
  const model = new RescaleNet({ layers: DEPTHS, biasBatches: batches.length })
  const enlarged = (x: Tensor) => nn.functional.interpolate(x, { size: [64, 64], mode: 'bilinear' })
  for (const batch of batches) noGrad(() => tidy(() => void model(enlarged(batch))))
  const taps = measureSignal(model, enlarged(images), { statistics: ['deadFraction'] })
  return mean(taps.slice(1).map(({ deadFraction = Number.NaN }) => deadFraction))
}

/** Claims of this file. */
export const rescale: readonly Claim[] = [variance, contributions, deadUnits]
