import { manualSeed, nn, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { createConv, createNorm, gainOf, NORMS } from './norm.ts'
import { StdConv2d } from './std-conv.ts'

beforeEach(() => manualSeed(11))

/** Means and variances over some dimensions of (N, C, H, W). */
function moments(x: Tensor, dimensions: number[]): { means: number[]; variances: number[] } {
  const [variance, mean] = x.varMean(dimensions, { correction: 0 })
  return { means: numbers(mean), variances: numbers(variance) }
}

describe('createNorm', () => {
  it.each([
    ['batch', [0, 2, 3]],
    ['instance', [2, 3]],
    ['layer', [1, 2, 3]],
  ] as const)('with %s gives mean 0 and variance 1 over dimensions %j', (name, dimensions) => {
    const x = randn([3, 8, 6, 6]).mul(2).add(1)
    const { means, variances } = moments(createNorm(name, 8)(x), [...dimensions])
    expect(Math.max(...means.map(Math.abs))).toBeLessThan(1e-5)
    expect(Math.max(...variances.map(each => Math.abs(each - 1)))).toBeLessThan(1e-3)
  })

  it('with group gives mean 0 and variance 1 to pairs of channels', () => {
    const y = createNorm('group', 8)(randn([3, 8, 6, 6]).add(1))
    const { means, variances } = moments(y.view([3, 4, 2, 6, 6]), [2, 3, 4])
    expect(Math.max(...means.map(Math.abs))).toBeLessThan(1e-5)
    expect(Math.max(...variances.map(each => Math.abs(each - 1)))).toBeLessThan(1e-3)
  })

  it('has 32 groups, or the next fewer that divide the channels by two or more', () => {
    const groups = [3, 16, 64, 152, 2048].map(
      channels => (createNorm('group_ws', channels) as unknown as nn.GroupNorm).numGroups,
    )
    expect(groups).toEqual([1, 8, 32, 19, 32])
  })

  it('with none is the identity and has no gain', () => {
    const x = randn([2, 8, 3, 3])
    expect(numbers(createNorm('none', 8)(x))).toEqual(numbers(x))
    expect(gainOf(createNorm('none', 8))).toBe(null)
  })

  it.each(NORMS.filter(name => name !== 'none'))('with %s has a gain of ones a channel', name => {
    expect(numbers(gainOf(createNorm(name, 8))!)).toEqual(Array(8).fill(1))
  })
})

describe('createConv', () => {
  it('standardizes kernels for group_ws alone and has a bias for none alone', () => {
    const convs = NORMS.map(name => createConv(name, 4, 8, 3))
    expect(NORMS.filter((_, i) => convs[i] instanceof StdConv2d)).toEqual(['group_ws'])
    expect(NORMS.filter((_, i) => convs[i].bias !== null)).toEqual(['none'])
    expect(createConv('none', 4, 8, 3, { bias: false }).bias).toBe(null)
  })

  it.each([
    [1, 1],
    [3, 1],
    [5, 1],
    [3, 4],
  ])('keeps the size with kernel %d and dilation %d', (kernelSize, dilation) => {
    const conv = createConv('batch', 4, 6, kernelSize, { dilation, groups: 2 })
    expect(conv(randn([1, 4, 9, 12])).shape).toEqual([1, 6, 9, 12])
  })
})

describe('StdConv2d', () => {
  it('convolves with kernels of mean 0 and variance 1 a unit', () => {
    const conv = new StdConv2d(16, 8, 3, { bias: false })
    const { means, variances } = moments(conv.standardizedWeight(), [1, 2, 3])
    expect(Math.max(...means.map(Math.abs))).toBeLessThan(1e-6)
    expect(Math.max(...variances.map(each => Math.abs(each - 1)))).toBeLessThan(1e-2)
    const x = randn([1, 16, 5, 5])
    const plain = new nn.Conv2d(16, 8, 3, { bias: false })
    plain.weight.detach().copy_(conv.standardizedWeight().detach())
    expect(largestDifference(numbers(conv(x)), numbers(plain(x)))).toBeLessThan(1e-5)
  })

  it('has eps below the variance, as Big Transfer', () => {
    const conv = new StdConv2d(2, 1, 1, { bias: false, eps: 3 })
    conv.weight.detach().copy_(randn([1, 2, 1, 1]).sign().abs().cumsum(1).sub(1.5).mul(2))
    // Weights -1 and 1: mean 0, variance 1, divided by sqrt(1 + 3).
    expect(numbers(conv.standardizedWeight())).toEqual([-0.5, 0.5])
  })
})
