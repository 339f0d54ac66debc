import { manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { hooksLeftBy } from '../fixtures.test.util.ts'
import { GAMMA } from '../gain.ts'
import { NormFreeNet, type NormFreeNetConfig } from '../models/normfree-net.ts'
import { RescaleNet } from '../models/rescale-net.ts'
import { createModel } from '../registry.ts'
import { measureSignal, openBranches } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { type PredictedTap, predictSignal } from './predict-signal.ts'

beforeEach(() => manualSeed(2))

function opened(name: string, options = {}): nn.Module {
  const model = createModel(name, options)
  openBranches(model)
  return model
}

/** The largest relative error of the variances behind the blocks. */
function largestError(model: nn.Module, images: Tensor): number {
  const expected = predictSignal(model, images.shape.slice(1)).taps
  const measured = measureSignal(model, images)
  expect(expected.map(({ index, name }) => [index, name])).toEqual(
    measured.map(({ index, name }) => [index, name]),
  )
  const errors = measured.map((tap, i) =>
    Math.abs(expected[i].channelVariance / tap.channelVariance - 1),
  )
  return Math.max(...errors)
}

const variances = ({ taps }: { taps: readonly PredictedTap[] }) =>
  taps.map(tap => tap.channelVariance)

describe('predictSignal beside measureSignal', () => {
  // One draw of narrow nets: kernels differ by a few percent from draw to draw.
  it.each([
    ['nf_resnet20', { alpha: 1 }, 32, 0.1],
    ['nf_resnet20', { alpha: 0.2 }, 64, 0.06],
    ['resnet20', {}, 32, 0.1],
    ['resnet20_gn_ws', {}, 32, 0.15],
    ['resnetv2_20', {}, 32, 0.1],
    ['fixup_resnet20', {}, 32, 0.1],
    ['test_nfnet', {}, 96, 0.15],
  ])('%s %j at %d px', (name, options, side, tolerance) => {
    expect(largestError(opened(name, options), randn([8, 3, side, side]))).toBeLessThan(tolerance)
  })

  it('foretells what overlapping pools and average pools make of white noise', () => {
    const model = opened('nf_resnet26')
    expect(largestError(model, randn([2, 3, 128, 128]))).toBeLessThan(0.1)
  })

  it('foretells the residual branch and the mean shift', () => {
    const model = opened('resnetv2_32')
    const measured = measureSignal(model, randn([8, 3, 32, 32]))
    const { taps } = predictSignal(model, [3, 32, 32])
    expect(taps[0].residualVariance).toBeNull()
    for (const [i, { residualVariance, channelSquaredMean }] of measured.entries()) {
      if (residualVariance === null) continue
      expect(taps[i].residualVariance! / residualVariance).toBeCloseTo(1, 0.5)
      expect(taps[i].channelSquaredMean / channelSquaredMean).toBeGreaterThan(0.5)
      expect(taps[i].channelSquaredMean / channelSquaredMean).toBeLessThan(2)
    }
  })

  it('finds the blocks of a model that is not ours, and reads plain operators', () => {
    class Block extends nn.Module {
      readonly reduce = new nn.Conv2d(32, 64, 1)
      readonly norm = new nn.GroupNorm(4, 64)
      readonly expand = new nn.Conv2d(64, 32, 3, { padding: 1 })
      override forward(x: Tensor): Tensor {
        const hidden = this.norm(this.reduce(x))
        return x.add(this.expand(hidden.mul(hidden.sigmoid())).mul(2))
      }
    }
    const model = new nn.Sequential(new nn.Conv2d(3, 32, 3), new Block(), new Block())
    expect(largestError(model, randn([16, 3, 32, 32]))).toBeLessThan(0.06)
  })

  it('expects a block whose branch is closed to put out what comes in', () => {
    const [, first, second, third] = variances(
      predictSignal(createModel('nf_resnet20'), [3, 32, 32]),
    )
    expect([second, third]).toEqual([first, first])
  })

  it('counts what stochastic depth and dropout drop', () => {
    const model = opened('nf_resnet20', { alpha: 1, dropPathRate: 0.5, dropRate: 0.2 })
    expect(largestError(model, randn([64, 3, 24, 24]))).toBeLessThan(0.15)
  })
})

/** A small net of a family, by its differences from an NFNet. */
const tiny = (config: Partial<NormFreeNetConfig>): NormFreeNet =>
  new NormFreeNet({
    ...{ convention: 'deepmind', activation: 'relu', alpha: 0.2, depths: [2, 3, 2, 2] },
    ...{ channels: [64, 128, 192, 256], bottleRatio: 0.5, groupSize: 16, reg: false },
    ...{ extraConv: false, attention: null, shortcut: 'avg_pool', numFeatures: null },
    ...{ stem: { kind: 'deep_quad', channels: 64 }, zeroInitFc: false },
    ...config,
  })

describe('predictSignal of smooth images', () => {
  /** Least and largest ratio to the plan of the family. */
  function againstPlan(model: nn.Module): [number, number] {
    openBranches(model)
    const expected = variances(predictSignal(model, [3, 128, 128], { smooth: true })).slice(1)
    const ratios = residualBlocks(model).map(
      ([, { position }], i) => expected[i] / (position.predictedVariance as number),
    )
    return [Math.min(...ratios), Math.max(...ratios)]
  }

  it.each<[string, Partial<NormFreeNetConfig>]>([
    ['an NF-ResNet', { shortcut: 'strided_conv', stem: { kind: '7x7_pool', channels: 64 } }],
    ['an NF-ResNet with averaged shortcuts', {}],
    ['one with squeeze-excite', { attention: { kind: 'se', ratio: 0.25 } }],
    ['one with ECA and a second convolution', { attention: { kind: 'eca' }, extraConv: true }],
    ['alpha 1', { alpha: 1 }],
  ])('is the plan of the family in every block: %s', (_, config) => {
    const [least, most] = againstPlan(tiny(config))
    expect(least).toBeGreaterThan(0.98)
    expect(most).toBeLessThan(1.02)
  })

  // The plan takes f(x) / beta for f(x / beta). For gelu and silu these are two things.
  it.each([
    ['gelu', 0.05],
    ['silu', 0.08],
  ] as const)('leaves it by a few percent where the activation is %s', (activation, bound) => {
    const [least, most] = againstPlan(tiny({ activation, depths: [2, 4, 4, 2] }))
    expect(most / least).toBeGreaterThan(1.01)
    expect(least).toBeGreaterThan(1 - bound)
    expect(most).toBeLessThan(1 + bound)
  })

  it('shows the gain that timm gives its stem too', () => {
    const [least, most] = againstPlan(tiny({ convention: 'timm', shortcut: 'strided_conv' }))
    expect(least / GAMMA.relu ** 2).toBeGreaterThan(0.97)
    expect(most / GAMMA.relu ** 2).toBeLessThan(1.03)
  })
})

describe('predictSignal', () => {
  class Odd extends nn.Module {
    readonly first = new nn.Conv2d(3, 8, 3)
    readonly running = new Running()
    readonly second = new nn.Conv2d(8, 8, 3)
    override forward(x: Tensor): Tensor {
      return this.second(this.running(this.first(x)))
    }
  }
  class Running extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.cumsum(2)
    }
  }

  it('names an operator that it does not know, and says nothing of what follows', () => {
    const { taps, notes } = predictSignal(new Odd(), [3, 16, 16])
    expect(taps.map(({ name }) => name)).toEqual(['stem', 'first', 'second'])
    expect(taps[1].channelVariance).toBeGreaterThan(0.1)
    expect(taps[2].channelVariance).toBeNaN()
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain('cumsum in running')
  })

  it('names products of what depends on the input, and values made anew for each sample', () => {
    class Attending extends nn.Module {
      readonly first = new nn.Conv2d(3, 8, 1)
      readonly second = new nn.Conv2d(8, 8, 1)
      override forward(x: Tensor): Tensor {
        const maps = this.first(x)
        const rows = maps.flatten(2)
        return this.second(rows.matmul(rows.transpose(1, 2)).matmul(rows).view(maps.shape))
      }
    }
    const { taps, notes } = predictSignal(new Attending(), [3, 4, 4])
    expect(taps.at(-1)!.channelVariance).toBeNaN()
    expect(notes).toEqual([expect.stringContaining('matmul in the model itself')])
  })

  it('takes two samples where a model has no use for none', () => {
    class Viewing extends nn.Module {
      readonly conv = new nn.Conv2d(3, 8, 3)
      readonly fc = new nn.Linear(8 * 36, 10)
      override forward(x: Tensor): Tensor {
        const maps = this.conv(x).relu()
        return this.fc(maps.view([maps.shape[0], -1]))
      }
    }
    const model = new Viewing()
    expect(largestError(model, randn([256, 3, 8, 8]))).toBeLessThan(0.1)
  })

  it('draws no random number', () => {
    const model = opened('nf_resnet20', { dropPathRate: 0.5, dropRate: 0.5 })
    manualSeed(1)
    predictSignal(model, [3, 32, 32])
    const after = randn([2]).data()
    manualSeed(1)
    expect(after).toEqual(randn([2]).data())
  })

  it('leaves the model and its hooks as they were', () => {
    const model = new RescaleNet({ layers: [1, 1, 1, 1] }).eval()
    const before = [...model.namedBuffers()].map(([, buffer]) => buffer.sum().item())
    const { registered, left } = hooksLeftBy(() => predictSignal(model, [3, 64, 64]))
    expect(registered).toBeGreaterThan(0)
    expect(left).toBe(0)
    expect([...model.namedBuffers()].map(([, buffer]) => buffer.sum().item())).toEqual(before)
    expect(model.modules().some(module => module.training)).toBe(false)
  })

  it('reads the kernels, whatever was drawn', () => {
    const model = createModel('resnet20_nonorm')
    const before = variances(predictSignal(model, [3, 32, 32]))
    noGrad(() => new Map(model.namedParameters()).get('conv1.weight')!.mul_(3))
    const after = variances(predictSignal(model, [3, 32, 32]))
    expect(after[0] / before[0]).toBeCloseTo(9, 4)
  })

  it('takes kernels in channels_last and instance norms, which have no empty batches', () => {
    const model = createModel('resnet20_in')
    const expected = variances(predictSignal(model, [3, 32, 32]))
    const other = createModel('nf_resnet20')
    const before = variances(predictSignal(other, [3, 32, 32]))
    other.to({ memoryFormat: 'channels_last' })
    expect(variances(predictSignal(other, [3, 32, 32]))).toEqual(before)
    expect(expected.every(Number.isFinite)).toBe(true)
  })

  it.each([[[3, 32]], [[3, 0, 32]], [[1, 3, 32, 32]]])('refuses an image of shape %j', shape => {
    expect(() => predictSignal(createModel('nf_resnet20'), shape)).toThrow('`inputShape`')
  })
})
