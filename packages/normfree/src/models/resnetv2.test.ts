import { manualSeed, type nn, noGrad, randn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { measureSignal, openBranches, type SignalTap } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { ResNetV2, type ResNetV2Options } from './resnetv2.ts'

beforeEach(() => manualSeed(15))

const SMALL = { block: 'bottleneck', layers: [3, 2, 1, 1] } as const
const small = (options: Partial<ResNetV2Options> = {}) => new ResNetV2({ ...SMALL, ...options })
const FAN_IN = { mode: 'fan_in', gain: 1 } as const
const HE = { mode: 'fan_in', gain: Math.SQRT2 } as const
const NO_POOL = { channels: 64, kernelSize: 7, stride: 2, pool: false }

function signalOf(model: ResNetV2): SignalTap[] {
  openBranches(model)
  return measureSignal(model, randn([4, 3, 64, 64])).slice(1)
}

/** Checks the measured variances of the first two stages against the predicted ones. */
function expectPrediction(taps: SignalTap[], tolerance: number): void {
  for (const { channelVariance, predictedVariance } of taps.slice(0, 5))
    expect(Math.abs(channelVariance / predictedVariance! - 1)).toBeLessThan(tolerance)
}

// Levels of the NF-ResNets paper's figures (section 3, Appendix G.2).
describe('the signal of ResNetV2', () => {
  it('has branches of variance 1 - 1 / pi with the norm in front of ReLU and He’s kernels', () => {
    for (const { residualVariance } of signalOf(small({ init: HE })))
      expect(residualVariance! / (1 - 1 / Math.PI)).toBeCloseTo(1, 1)
  })

  it('has branches of variance 1 and the predicted sums with the norm behind ReLU', () => {
    const taps = signalOf(small({ init: FAN_IN, order: 'act_norm', unitBranch: true }))
    for (const { residualVariance } of taps) expect(residualVariance).toBeCloseTo(1, 1)
    expect(taps.map(tap => tap.predictedVariance)).toEqual([2, 3, 4, 2, 3, 2, 2])
    expectPrediction(taps, 0.1)
  })

  it('has no mean and the predicted variance without activation', () => {
    const taps = signalOf(
      small({ init: FAN_IN, activation: 'identity', stem: NO_POOL, unitBranch: true }),
    )
    for (const { channelSquaredMean } of taps) expect(channelSquaredMean).toBeLessThan(0.05)
    expectPrediction(taps, 0.1)
  })

  it('keeps variance 1 with SELU and a sum whose weights have squares that sum to 1', () => {
    const taps = signalOf(
      small({
        ...{ activation: 'selu', norm: 'none', init: FAN_IN, stem: NO_POOL, unitBranch: true },
        ...{ shortcutScale: Math.sqrt(0.8), branchScale: Math.sqrt(0.2) },
      }),
    )
    for (const { predictedVariance } of taps) expect(predictedVariance).toBeCloseTo(1, 12)
    expectPrediction(taps, 0.15)
  })

  it('grows from block to block, across stages too, without norms', () => {
    const variances = signalOf(small({ init: HE, norm: 'none' })).map(tap => tap.channelVariance)
    for (let i = 1; i < variances.length; i++)
      expect(variances[i] / variances[i - 1]).toBeGreaterThan(1.3)
  })
})

describe('ResNetV2', () => {
  const blockOf = (model: ResNetV2, index: number) =>
    residualBlocks(model)[index][1] as unknown as nn.Module

  it.each([
    [{ skipinit: true, norm: 'none' }],
    [{ zeroInitLast: true }],
  ] as Partial<ResNetV2Options>[][])('starts with %j as the identity inside a stage', options => {
    const x = randn([2, 256, 8, 8])
    expect(numbers(noGrad(() => blockOf(small(options), 1)(x)))).toEqual(numbers(x))
  })

  it('has a bias in every convolution but the stem’s without norms, and in none with them', () => {
    const biases = (norm: 'none' | 'batch') =>
      [...small({ norm }).namedParameters()]
        .map(([name]) => name)
        .filter(name => /conv\d?\.bias$/.test(name))
    expect(biases('none')).toHaveLength(7 * 3 + 4)
    expect(biases('none')).not.toContain('stem.conv.bias')
    expect(biases('batch')).toEqual([])
  })

  it('projects at every stage with bottlenecks, where shapes change with basic blocks', () => {
    const projections = (options: ResNetV2Options) =>
      [...new ResNetV2(options).stateDict().keys()].filter(name => name.includes('downsample'))
    expect(projections(SMALL)).toHaveLength(4)
    expect(projections({ block: 'basic', layers: [2, 1, 1, 1] })).toHaveLength(3)
  })

  it('computes act(norm(x)) or norm(act(x)), of which the last is what features are', () => {
    const x = randn([2, 3, 32, 32])
    const least = (order: 'norm_act' | 'act_norm') =>
      noGrad(() => small({ order }).forwardFeatures(x))
        .min()
        .item()
    expect(least('norm_act')).toBe(0)
    expect(least('act_norm')).toBeLessThan(-0.1)
  })

  it('weighs shortcut and branch as told', () => {
    const x = randn([1, 256, 4, 4])
    const outputs = [
      { shortcutScale: 1, branchScale: 0 },
      { shortcutScale: 0.5, branchScale: 0 },
      { shortcutScale: 0, branchScale: 1 },
      { shortcutScale: 0.5, branchScale: 2 },
    ].map(scales => {
      manualSeed(16)
      return noGrad(() => blockOf(small({ norm: 'none', ...scales }), 1)(x))
    })
    expect(numbers(outputs[0])).toEqual(numbers(x))
    expect(numbers(outputs[1])).toEqual(numbers(x.mul(0.5)))
    const expected = outputs[1].add(outputs[2], { alpha: 2 })
    expect(outputs[3].sub(expected).abs().max().item()).toBeLessThan(1e-5)
  })

  it('keeps the size of 32 px images behind a stem without stride', () => {
    const model = new ResNetV2({
      ...{ block: 'basic', layers: [1, 1, 1], channels: [16, 32, 64], numClasses: 10 },
      stem: { channels: 16, kernelSize: 3, stride: 1, pool: false },
    })
    expect(noGrad(() => model.forwardFeatures(randn([1, 3, 32, 32]))).shape).toEqual([1, 64, 8, 8])
  })

  it('divides the sides by outputStride', () => {
    const features = noGrad(() =>
      small({ outputStride: 8 })
        .eval()
        .forwardFeatures(randn([1, 3, 64, 64])),
    )
    expect(features.shape).toEqual([1, 2048, 8, 8])
  })
})
