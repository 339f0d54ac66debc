import { describe, expect, it } from 'vitest'
import { beta, normal } from './distributions.ts'
import { Rng } from './rng.ts'

const drawn = (draw: (rng: Rng) => number, n = 20_000): number[] => {
  const rng = new Rng(7)
  return Array.from({ length: n }, () => draw(rng))
}

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length
const variance = (values: number[]) => mean(values.map(x => x * x)) - mean(values) ** 2

describe('normal', () => {
  it('has mean 0, variance 1 and the kurtosis of a bell', () => {
    const values = drawn(normal)
    expect(mean(values)).toBeCloseTo(0, 1)
    expect(Math.abs(variance(values) - 1)).toBeLessThan(0.04)
    expect(Math.abs(mean(values.map(x => x ** 4)) - 3)).toBeLessThan(0.25)
  })
})

describe('beta', () => {
  // Variance of Beta(a, a) is 1 / (4 (2a + 1)).
  it.each([0.2, 1, 4])('of parameter %s has mean 1/2 and the variance of its formula', alpha => {
    const values = drawn(rng => beta(alpha, rng))
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(0.01)
    expect(Math.abs(variance(values) - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.005)
  })

  it('stays a number from 0 to 1 for the smallest parameters', () => {
    for (const value of drawn(rng => beta(1e-3, rng), 2000)) {
      expect(value).toBeGreaterThanOrEqual(0)
      expect(value).toBeLessThanOrEqual(1)
    }
  })
})
