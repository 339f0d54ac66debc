import { manualSeed, noGrad, randn, tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { EfficientChannelAttention } from './efficient-channel-attention.ts'

beforeEach(() => manualSeed(2))

describe('EfficientChannelAttention', () => {
  // Kernel sizes of timm's EcaModule.
  it.each([
    [2, 3],
    [16, 3],
    [64, 3],
    [128, 5],
    [256, 5],
    [512, 5],
    [1536, 5],
    [2048, 7],
  ])('of %d channels looks at %d neighbours', (channels, size) => {
    const { weight, bias } = new EfficientChannelAttention(channels).conv
    expect([weight.shape, bias]).toEqual([[1, 1, size], null])
  })

  it('gates each channel by its neighbours’ means, zero beyond the ends', () => {
    const eca = new EfficientChannelAttention(3)
    noGrad(() => eca.conv.weight.copy_(tensor([[[0.5, -1, 2]]])))
    const x = randn([2, 3, 4, 5])
    const means = numbers(x.mean([2, 3]))
    const gates = means.map((mean, i) => {
      const [before, after] = [i % 3 === 0 ? 0 : means[i - 1], i % 3 === 2 ? 0 : means[i + 1]]
      return 2 / (1 + Math.exp(-(0.5 * before - mean + 2 * after)))
    })
    const expected = numbers(x).map((value, i) => value * gates[Math.floor(i / 20)])
    expect(largestDifference(numbers(eca(x)), expected)).toBeLessThan(1e-5)
  })

  it('takes another kernel and gain', () => {
    const eca = new EfficientChannelAttention(8, { kernelSize: 1, gain: 1 })
    noGrad(() => eca.conv.weight.zero_())
    const x = randn([1, 8, 2, 2])
    expect(largestDifference(numbers(eca(x)), numbers(x.mul(0.5)))).toBeLessThan(1e-6)
  })
})
