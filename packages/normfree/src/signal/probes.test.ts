import {
  liveTensors,
  manualSeed,
  nn,
  noGrad,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled, snapshot } from '../fixtures.test.util.ts'
import { createModel } from '../registry.ts'
import { measureSignal, openBranches, type SignalTap } from './measure.ts'
import { OPTIONAL_STATISTICS, type OptionalStatistic } from './probes.ts'
import {
  activationMean,
  channelCorrelation,
  channelStatistics,
  pixelNorm,
  read,
} from './statistics.ts'

beforeEach(() => manualSeed(5))

const one = (x: Tensor | null): number => read([x as Tensor])[0]

describe('the statistics of one activation', () => {
  it('are those that the definitions give', () => {
    const x = filled([1, 2, 1, 3], i => [1, 2, 4, 0, -2, 5][i])
    expect(one(activationMean(x))).toBeCloseTo(10 / 6, 5)
    const norms = [Math.hypot(1, 0), Math.hypot(2, -2), Math.hypot(4, 5)]
    expect(one(pixelNorm(x))).toBeCloseTo((norms[0] + norms[1] + norms[2]) / 3, 5)
  })

  it('correlate channels that depend on each other, whatever the sign, and leave out constant ones', () => {
    const x = randn([4, 1, 5, 5])
    const channels = (...factors: number[]) => x.mul(tensor(factors).reshape([1, -1, 1, 1])).add(3)
    expect(one(channelCorrelation(channels(1, -2)))).toBeCloseTo(1, 4)
    expect(one(channelCorrelation(channels(1, 2, 0)))).toBeCloseTo(1, 4)
    expect(channelCorrelation(channels(1, 0))).toBe(null)
    // The mean of |r| over independent pairs of n values is sqrt(2 / (pi n)).
    const independent = one(channelCorrelation(randn([20, 32, 10, 10])))
    expect(independent).toBeCloseTo(Math.sqrt(2 / (Math.PI * 2000)), 2)
  })
})

/** The last tap of x + 0.5 * conv(relu(x - shift)) on noise, with `statistics`. */
function lastTap(block: nn.Module, statistics: readonly OptionalStatistic[]): SignalTap {
  const model = new nn.Sequential(new nn.Conv2d(3, 8, 1), block)
  return measureSignal(model, randn([8, 3, 6, 6]), { statistics })[1]
}

class Shifted extends nn.Module {
  readonly conv = new nn.Conv2d(8, 8, 3, { padding: 1 })
  readonly shift: Tensor
  readonly inPlace: boolean

  constructor(dead: number, inPlace = false) {
    super()
    this.shift = new nn.Buffer(filled([1, 8, 1, 1], i => (i < dead ? -100 : 100)))
    this.inPlace = inPlace
  }

  override forward(x: Tensor): Tensor {
    const branch = this.conv(x.add(this.shift).relu())
    return this.inPlace ? branch.add_(x) : x.add(branch, { alpha: 0.5 })
  }
}

describe('the statistics of blocks', () => {
  it('count the channels that a rectifier never lets through', () => {
    expect(lastTap(new Shifted(3), ['deadFraction']).deadFraction).toBeCloseTo(3 / 8, 6)
    expect(lastTap(new Shifted(0), ['deadFraction']).deadFraction).toBe(0)
    const without = new nn.Sequential(new nn.Conv2d(3, 8, 1), new nn.Tanh())
    const [, tap] = measureSignal(without, randn([2, 3, 4, 4]), { statistics: ['deadFraction'] })
    expect(tap).not.toHaveProperty('deadFraction')
  })

  it.each([false, true])('weigh the branch as it is added (in place: %s)', inPlace => {
    const block = new Shifted(0, inPlace)
    const stem = new nn.Conv2d(3, 8, 1)
    const x = randn([8, 3, 6, 6])
    const [, { contribution }] = measureSignal(new nn.Sequential(stem, block), x, {
      statistics: ['contribution'],
    })
    const y = stem(x)
    const branch = block.conv(y.add(block.shift).relu()).mul(inPlace ? 1 : 0.5)
    const share = channelStatistics(branch).variance / channelStatistics(y.add(branch)).variance
    expect(contribution).toBeCloseTo(share, 4)
  })

  it('give alpha^2 over the predicted variance as the contribution in a normalizer-free net', () => {
    const model = createModel('nf_resnet20', { alpha: 0.5 })
    openBranches(model)
    const taps = measureSignal(model, randn([8, 3, 64, 64]), { statistics: ['contribution'] })
    expect(taps[0]).not.toHaveProperty('contribution')
    for (const { contribution, predictedVariance } of taps.slice(1))
      expect(Math.abs(contribution! / (0.25 / predictedVariance!) - 1)).toBeLessThan(0.2)
  })

  it('take the kernels as they are multiplied with', () => {
    const statistics = ['spectralNorm', 'conditionNumber', 'effectiveRank'] as const
    const [stem, first] = measureSignal(createModel('nf_resnet20'), randn([2, 3, 16, 16]), {
      statistics,
    })
    // Rows of Scaled WS have norm 1: two of 16 x 144 Gaussian kernels, 1 + sqrt(16 / 144) at the edge.
    expect(stem.spectralNorm).toBeGreaterThan(0.9)
    expect(first.spectralNorm).toBeGreaterThan(1.15)
    expect(first.spectralNorm).toBeLessThan(1.5)
    expect(first.conditionNumber).toBeGreaterThan(1.5)
    expect(first.conditionNumber).toBeLessThan(3)
    expect(first.effectiveRank).toBeCloseTo(1, 1)
  })

  it('say of gradients what a backward pass gives, and leave the model’s own alone', () => {
    const model = createModel('resnet20')
    const images = randn([4, 3, 32, 32])
    const labels = tensor([1, 2, 3, 4], { dtype: 'int64' })
    const parameter = model.parameters()[0]
    parameter.grad = zeros(parameter.shape)
    const before = snapshot(model)
    const statistics = ['gradientVariance', 'gradientRatio'] as const
    const taps = measureSignal(model, images, { statistics, labels })
    expect(snapshot(model)).toEqual(before)
    expect(parameter.grad.abs().sum().item()).toBe(0)
    expect(model.parameters()[1].grad).toBe(null)
    // The classifier reads the mean over 8 x 8 positions of what the last block puts out.
    const classifier = model.getParameter('fc.weight')
    const logits = model.train()(images)
    const errors = logits.softmax(1).sub(nn.functional.oneHot(labels, 10)).div(4)
    const gradient = errors.matmul(classifier).div(64)
    const expected = channelStatistics(gradient).variance
    expect(taps[9].gradientVariance! / expected).toBeCloseTo(1, 3)
    for (const tap of taps.slice(1)) expect(tap.gradientRatio).toBeGreaterThan(0)
  })

  it('refuse gradients of what is no classifier, and statistics that there are not', () => {
    const model = new nn.Sequential(new nn.Conv2d(3, 8, 1))
    const measure = (statistic: string) => () =>
      measureSignal(model, randn([2, 3, 4, 4]), { statistics: [statistic as OptionalStatistic] })
    expect(measure('gradientVariance')).toThrow('gives [2, 8, 4, 4]')
    expect(measure('median')).toThrow('received "median"')
  })

  it('hold no tensor afterwards', () => {
    const model = createModel('nf_resnet20')
    const images = randn([2, 3, 16, 16])
    const statistics = OPTIONAL_STATISTICS
    const before = liveTensors().tensors
    measureSignal(model, images, { statistics })
    expect(liveTensors().tensors - before).toBe(0)
  })

  it('change nothing of the three', () => {
    const model = createModel('nf_resnet20')
    const images = randn([2, 3, 16, 16])
    const plain = measureSignal(model, images)
    const all = measureSignal(model, images, { statistics: ['contribution', 'deadFraction'] })
    expect(noGrad(() => all.map(({ contribution, deadFraction, ...tap }) => tap))).toEqual(plain)
  })
})
