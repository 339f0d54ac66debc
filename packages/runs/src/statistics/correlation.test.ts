import { describe, expect, it } from 'vitest'
import { pearson, spearman } from './correlation.ts'

describe('pearson and spearman', () => {
  it('are 1 and -1 along a line, whatever its slope', () => {
    expect(pearson([1, 2, 4], [10, 20, 40])).toBe(1)
    expect(pearson([1, 2, 4], [-1, -2, -4])).toBe(-1)
  })

  it('match a case worked by hand', () => {
    // Deviations -2 -1 0 1 2 and -1 -2 1 0 2: 8 / 10.
    expect(pearson([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12)
    expect(spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12)
  })

  it('differ on a curve that always rises', () => {
    const x = [1, 2, 3, 4, 5]
    const y = x.map(value => Math.exp(3 * value))
    expect(spearman(x, y)).toBe(1)
    expect(pearson(x, y)!).toBeLessThan(0.8)
  })

  it('give equal values the mean of their ranks', () => {
    // Ranks 1 2.5 2.5 4 against 1 3 2 4: 4.5 / sqrt(4.5 * 5).
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12)
  })

  it('do not exist for a constant, nor for two points', () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNull()
    expect(spearman([1, 2, 3], [0.1, 0.1, 0.1])).toBeNull()
    expect(pearson([1, 2], [1, 2])).toBeNull()
  })
})
