import { ArgumentError, manualSeed, ones } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { StochasticDepth } from './stochastic-depth.ts'

beforeEach(() => manualSeed(4))

describe('StochasticDepth', () => {
  it('drops or keeps each sample as a whole, without rescaling', () => {
    const kept = numbers(new StochasticDepth(0.5)(ones([64, 2, 3, 3])))
    const samples = Array.from({ length: 64 }, (_, i) => new Set(kept.slice(i * 18, (i + 1) * 18)))
    expect(samples.every(values => values.size === 1)).toBe(true)
    expect(new Set(kept)).toEqual(new Set([0, 1]))
  })

  it.each([0.1, 0.5, 0.9])('drops a share of %d of the samples', rate => {
    const dropped =
      1 -
      new StochasticDepth(rate)(ones([40_000, 1]))
        .mean()
        .item()
    expect(Math.abs(dropped - rate)).toBeLessThan(0.01)
  })

  it('divides what it keeps by the probability of keeping it when asked to', () => {
    const kept = numbers(new StochasticDepth(0.75, { scaleByKeep: true })(ones([64, 1])))
    expect(new Set(kept)).toEqual(new Set([0, 4]))
  })

  it('returns its input in evaluation and at rate 0', () => {
    const x = ones([8, 2])
    expect(new StochasticDepth(0.9).eval()(x)).toBe(x)
    expect(new StochasticDepth(0)(x)).toBe(x)
  })

  it.each([1, -0.1, Number.NaN])('refuses a rate of %d', rate => {
    expect(() => new StochasticDepth(rate)).toThrow(ArgumentError)
    expect(() => new StochasticDepth(rate)).toThrow('`dropRate`')
  })
})
