import { manualSeed, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled, largestDifference, numbers } from '../fixtures.test.util.ts'
import { SqueezeExcite } from './squeeze-excite.ts'

beforeEach(() => manualSeed(3))

const variance = (x: Tensor): number => x.varMean(false)[0].item()

describe('SqueezeExcite', () => {
  it('keeps the variance with its factor 2 and quarters it without', () => {
    const x = randn([16, 64, 16, 16])
    const attenuation = (gain?: number) =>
      variance(new SqueezeExcite(64, { gain })(x)) / variance(x)
    expect(attenuation()).toBeCloseTo(1, 1)
    expect(attenuation(1)).toBeCloseTo(0.25, 2)
  })

  it('has a gate near 1 on average at initialisation', () => {
    const x = randn([16, 64, 16, 16])
    const gate = new SqueezeExcite(64)(x).div(x)
    expect(gate.mean().item()).toBeCloseTo(1, 1)
  })

  it('multiplies each channel by 2 sigmoid(fc2(relu(fc1(mean))))', () => {
    const se = new SqueezeExcite(2, { hiddenChannels: 1 })
    noGrad(() => {
      se.fc1.weight.copy_(filled([1, 2, 1, 1], i => [1, -2][i]))
      se.fc2.weight.copy_(filled([2, 1, 1, 1], i => [0.5, -1][i]))
    })
    // Means 4 and 1: hidden relu(4 - 2) = 2, before the sigmoid 1 and -2.
    const x = filled([1, 2, 1, 2], i => [3, 5, 1, 1][i])
    const gates = [2 / (1 + Math.exp(-1)), 2 / (1 + Math.exp(2))]
    const expected = [3 * gates[0], 5 * gates[0], gates[1], gates[1]]
    expect(largestDifference(numbers(se(x)), expected)).toBeLessThan(1e-5)
    // Means 1 and 4: hidden relu(1 - 8) = 0, gates 2 sigmoid(0).
    const swapped = filled([1, 2, 1, 2], i => [1, 1, 3, 5][i])
    expect(numbers(se(swapped))).toEqual([1, 1, 3, 5])
  })

  it('squeezes to a share of the channels, of which at least one is left', () => {
    expect(new SqueezeExcite(64).fc1.outChannels).toBe(32)
    expect(new SqueezeExcite(10, { ratio: 0.25 }).fc1.outChannels).toBe(2)
    expect(new SqueezeExcite(3, { ratio: 0.25 }).fc1.outChannels).toBe(1)
  })
})
