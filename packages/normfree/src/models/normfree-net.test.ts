import { ArgumentError, manualSeed, type nn, noGrad, randn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { allFinite } from '../non-finite.ts'
import { createModel } from '../registry.ts'
import { measureSignal, openBranches } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import type { ModelOptions } from './entry.ts'
import { makeDivisible } from './normfree-conventions.ts'
import { NormFreeNet, type NormFreeNetConfig } from './normfree-net.ts'

beforeEach(() => manualSeed(8))

const SMALL: NormFreeNetConfig = {
  convention: 'deepmind',
  activation: 'relu',
  stem: { kind: '3x3', channels: 32 },
  depths: [2, 3, 2],
  channels: [64, 96, 128],
  bottleRatio: 0.25,
  alpha: 0.2,
  reg: false,
  extraConv: false,
  groupSize: null,
  attention: null,
  shortcut: 'strided_conv',
  numFeatures: null,
  zeroInitFc: false,
}

const small = (change: Partial<NormFreeNetConfig> = {}, options: ModelOptions = {}) =>
  new NormFreeNet({ ...SMALL, ...change }, { numClasses: 5, ...options })

describe('NormFreeNet', () => {
  it.each([0.2, 1])(
    'follows its predicted variances on noise, alpha %d, in the authors’ convention',
    alpha => {
      const model = small({ alpha })
      openBranches(model)
      const taps = measureSignal(model, randn([8, 3, 128, 128])).slice(1)
      const ratios = taps.map(tap => tap.channelVariance / tap.predictedVariance!)
      expect(ratios).toHaveLength(7)
      expect(Math.max(...ratios)).toBeLessThan(1.15)
      expect(Math.min(...ratios)).toBeGreaterThan(0.8)
    },
  )

  it('halves the deviation of white noise at each averaging shortcut', () => {
    const model = small({ shortcut: 'avg_pool' })
    openBranches(model)
    const [, transition] = measureSignal(model, randn([8, 3, 128, 128]))
    expect(transition.name).toBe('stages.0.0')
    // A quarter of the variance from the shortcut, alpha^2 from the branch.
    expect(transition.channelVariance).toBeGreaterThan(0.25)
    expect(transition.channelVariance).toBeLessThan(0.35)
  })

  it.each(['timm', 'timm_dm', 'deepmind'] as const)(
    'starts as the identity in every block that is no transition (%s)',
    convention => {
      const model = small({ convention })
      const identities = residualBlocks(model).filter(([, { position }]) => position.block > 0)
      expect(identities).toHaveLength(4)
      for (const [, block] of identities) {
        const x = randn([2, SMALL.channels[block.position.stage], 4, 4])
        expect(numbers((block as unknown as nn.Module)(x))).toEqual(numbers(x))
      }
    },
  )

  it.each([
    [{ attention: { kind: 'se', ratio: 0.5 } }],
    [{ attention: { kind: 'eca' }, extraConv: true, groupSize: 8 }],
    [{ reg: true, bottleRatio: 2.25, groupSize: 8, attention: { kind: 'se', ratio: 0.5 } }],
  ] as [Partial<NormFreeNetConfig>][])(
    'computes an image of a batch as it does the image alone: %j',
    change => {
      const model = small(change)
      openBranches(model)
      const images = randn([3, 3, 40, 40])
      const together = noGrad(() => model(images)).slice(0, 1, 2)
      const alone = noGrad(() => model(images.slice(0, 1, 2)))
      expect(Math.max(...numbers(alone).map(Math.abs))).toBeGreaterThan(1e-3)
      expect(largestDifference(numbers(together), numbers(alone))).toBeLessThan(1e-5)
    },
  )

  it.each(['timm', 'timm_dm', 'deepmind'] as const)(
    'has a finite gradient for every parameter of an NFNet block (%s)',
    convention => {
      const model = small({
        ...{ convention, extraConv: true, groupSize: 8, activation: 'gelu', numFeatures: 160 },
        attention: { kind: 'se', ratio: 0.5 },
        stem: { kind: '7x7_pool', channels: 32 },
      })
      openBranches(model)
      model(randn([2, 3, 40, 40]))
        .square()
        .sum()
        .backward()
      const silent = [...model.namedParameters()]
        .filter(([, { grad }]) => !(grad && allFinite(grad) && grad.norm().item() > 0))
        .map(([name]) => name)
      expect(silent).toEqual([])
    },
  )

  it.each([
    [32, 3],
    [16, 6],
    [8, 12],
  ] as const)('divides the image by an outputStride of %d: %d positions of 96', (stride, side) => {
    const model = createModel('test_nfnet', { outputStride: stride }) as NormFreeNet
    const features = noGrad(() => model.forwardFeatures(randn([1, 3, 96, 96])))
    expect(features.shape).toEqual([1, 192, side, side])
  })

  it('drops whole branches at rates that reach the last block’s in timm and stop short in the paper', () => {
    const rates = (convention: 'timm' | 'deepmind') =>
      [...small({ convention }, { dropPathRate: 0.7 }).namedModules()].flatMap(([, module]) =>
        module instanceof StochasticDepth ? [[module.dropRate, module.scaleByKeep]] : [],
      )
    const scaled = (steps: number, scaleByKeep: boolean) =>
      [0, 1, 2, 3, 4, 5, 6].map(i => [(0.7 * i) / steps, scaleByKeep])
    expect(rates('timm')).toEqual(scaled(6, true))
    expect(rates('deepmind')).toEqual(scaled(7, false))
  })

  it('takes other numbers of classes and channels', () => {
    const model = small({}, { numClasses: 7, inChans: 1 })
    expect(noGrad(() => model(randn([2, 1, 33, 20]))).shape).toEqual([2, 7])
  })

  it('starts with a classifier of N(0, 0.01^2), or of zeros', () => {
    const [normal, zero] = [small({}, { numClasses: 500 }), small({ zeroInitFc: true })]
    expect(normal.head.fc.weight.square().mean().sqrt().item()).toBeCloseTo(0.01, 3)
    expect(zero.head.fc.weight.abs().max().item()).toBe(0)
    expect(normal.head.fc.bias!.abs().max().item()).toBe(0)
  })

  it('refuses groups wider than a block, other output strides, and rates that are none', () => {
    expect(() => small({ groupSize: 64 })).toThrow(ArgumentError)
    expect(() => small({ groupSize: 64 })).toThrow(/`groupSize` 64 in a block but received 16 chan/)
    expect(() => small({}, { outputStride: 4 as 8 })).toThrow(/8, 16 or 32 for `outputStride`/)
    expect(() => small({}, { dropPathRate: 1.5 })).toThrow(ArgumentError)
    expect(() => small({}, { dropRate: -1 })).toThrow(ArgumentError)
  })
})

describe('the stem', () => {
  it.each([
    ['3x3', [12], 2],
    ['3x3_pool', [12], 4],
    ['7x7', [12], 2],
    ['7x7_pool', [12], 4],
    ['deep', [16, 16, 32], 2],
    ['deep_pool', [16, 16, 32], 4],
    ['deep_tiered', [12, 16, 32], 2],
    ['deep_tiered_pool', [12, 16, 32], 4],
    ['deep_quad', [4, 8, 16, 32], 4],
  ] as const)('%s has convolutions of %j channels and divides by %d', (kind, widths, stride) => {
    const model = small({ stem: { kind, channels: widths.at(-1)! } })
    const weights = [...model.stem.namedParameters()].filter(([name]) => name.endsWith('weight'))
    expect(weights.map(([, { shape }]) => shape[0])).toEqual(widths)
    const side = noGrad(() => model.stem(randn([1, 3, 64, 64]))).shape[3]
    expect(side).toBe(64 / stride)
  })

  it('ends without an activation', () => {
    const model = small({ stem: { kind: 'deep_quad', channels: 32 } })
    const x = noGrad(() => model.stem(randn([2, 3, 32, 32])))
    expect(x.mean().item()).toBeCloseTo(0, 0)
    expect(x.min().item()).toBeLessThan(-1)
  })
})

describe('makeDivisible', () => {
  // Values of timm's make_divisible.
  it.each([
    [36, 8, 0.9, 40],
    [78, 8, 0.9, 80],
    [3, 8, 0.9, 8],
    [12, 8, 0.9, 16],
    [11, 8, 0.9, 16],
    [11, 8, 0, 8],
    [1064.25, 8, 0.9, 1064],
  ])('of %d by %d, keeping %d of it, is %d', (value, divisor, limit, expected) => {
    expect(makeDivisible(value, divisor, limit)).toBe(expected)
  })
})
