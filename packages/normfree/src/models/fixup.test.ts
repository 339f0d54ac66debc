import { manualSeed, type nn, noGrad, randn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { measureSignal } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { FixupResNet, type FixupResNetOptions } from './fixup.ts'
import { cifarDepth } from './layout.ts'

beforeEach(() => manualSeed(17))

const deep = (layers: number[], options: Partial<FixupResNetOptions> = {}) =>
  new FixupResNet({ block: 'bottleneck', layers, size: 'imagenet', ...options })
const cifar = (depth: number) => new FixupResNet({ ...cifarDepth(depth), size: 'cifar' })

/** Variance of a kernel times its fan-out. */
function scaleOf(model: FixupResNet, name: string): number {
  const weight = model.getParameter(name)
  const [out, , height, width] = weight.shape
  return weight.square().mean().item() * out * height * width
}

describe('FixupResNet', () => {
  it('starts with logits of 0 and branches of exactly 0', () => {
    const model = deep([2, 1, 1, 1])
    const x = randn([2, 3, 64, 64])
    expect(new Set(numbers(noGrad(() => model(x))))).toEqual(new Set([0]))
    const taps = measureSignal(model, x).slice(1)
    expect(taps.map(tap => tap.residualVariance)).toEqual(Array(5).fill(0))
    expect(taps[1].channelVariance).toBeCloseTo(taps[0].channelVariance, 6)
  })

  it('draws bottlenecks smaller by depth^(-1/4) in each of their two kernels', () => {
    for (const layers of [
      [1, 1, 1, 1],
      [4, 4, 4, 4],
    ]) {
      const model = deep(layers)
      const depth = layers[0] * 4
      expect(scaleOf(model, 'layer4.0.conv1.weight') / (2 / Math.sqrt(depth))).toBeCloseTo(1, 1)
      expect(scaleOf(model, 'layer4.0.conv2.weight') / (2 / Math.sqrt(depth))).toBeCloseTo(1, 1)
      expect(scaleOf(model, 'layer4.0.downsample.weight') / 2).toBeCloseTo(1, 1)
      expect(scaleOf(model, 'layer4.0.conv3.weight')).toBe(0)
    }
  })

  it('draws basic blocks smaller by depth^(-1/2) in their one kernel', () => {
    const model = cifar(56)
    expect(scaleOf(model, 'layer3.1.conv1.weight') / (2 / 27)).toBeCloseTo(1, 1)
    expect(scaleOf(model, 'layer3.1.conv2.weight')).toBe(0)
  })

  it('adds its first bias to projected shortcuts and to no others, as the authors’ code', () => {
    const model = deep([2, 1, 1, 1])
    const respond = (index: number, channels: number) => {
      const block = residualBlocks(model)[index][1] as unknown as nn.Module
      const x = randn([1, channels, 8, 8])
      const before = noGrad(() => block(x))
      noGrad(() => void [...block.namedParameters()][0][1].add_(3))
      return noGrad(() => block(x))
        .sub(before)
        .abs()
        .max()
        .item()
    }
    expect(respond(0, 64)).toBeGreaterThan(0.1)
    expect(respond(1, 256)).toBe(0)
  })

  it('subsamples and pads with zero channels at CIFAR size', () => {
    const model = cifar(20)
    const block = residualBlocks(model)[3][1] as unknown as nn.Module
    const x = randn([2, 16, 8, 8]).abs()
    const y = noGrad(() => block(x))
    expect(y.shape).toEqual([2, 32, 4, 4])
    expect(y.slice(1, 16).abs().max().item()).toBe(0)
    expect(y.select(3, 1).select(2, 1).select(1, 0).select(0, 0).item()).toBe(
      x.select(3, 2).select(2, 2).select(1, 0).select(0, 0).item(),
    )
  })

  it('drops channels of the last two ImageNet stages in training', () => {
    const model = deep([1, 1, 1, 1], { dropConv: 0.5 })
    const rates = residualBlocks(model).map(
      ([, block]) => (block as unknown as { drop: { p: number } }).drop.p,
    )
    expect(rates).toEqual([0, 0, 0.5, 0.5])
  })
})
