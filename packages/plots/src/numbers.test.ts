import { describe, expect, it } from 'vitest'
import { count, differenceText, loss, percent, percentSpread, tick } from './numbers.ts'

describe('percentSpread', () => {
  it('writes mean and deviation, the mean alone for one seed, and a dash for none', () => {
    const values = [0.846, 0.848]
    const spread = { mean: 0.847, standardDeviation: 0.0018, seeds: [0, 1], values }
    expect(percentSpread(spread)).toBe('84.70 ± 0.18%')
    expect(percentSpread({ ...spread, standardDeviation: null })).toBe('84.70%')
    expect(percentSpread(null)).toBe('–')
  })
})

describe('tick', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [0.30000000000000004, '0.3'],
    [1000, '1000'],
    [20000, '2e4'],
    [0.0001, '1e-4'],
    [9.999999999999999e-5, '1e-4'],
    [-1.5, '-1.5'],
  ])('writes %d as %s', (value, text) => {
    expect(tick(value)).toBe(text)
  })
})

describe('percent, count and loss', () => {
  it('write a dash for what is not finite', () => {
    expect([percent(Number.NaN), count(Number.NaN), loss(Number.NaN)]).toEqual(['–', '–', '–'])
  })

  it('round as tables do', () => {
    expect([percent(0.84706), count(272_474.4), loss(1.04951)]).toEqual([
      '84.71%',
      '272,474',
      '1.050',
    ])
  })
})

describe('differenceText', () => {
  it('writes a difference with sign, interval, and a word on few seeds', () => {
    const difference = {
      estimate: 0.0052,
      interval: { low: -0.0011, high: 0.01149 },
      method: 'paired' as const,
      degreesOfFreedom: 2,
      commonSeeds: 3,
      note: null,
    }
    expect(differenceText(difference)).toBe('+0.52 [-0.11, +1.15]')
    expect(differenceText({ ...difference, interval: null, note: 'one seed: unknown' })).toBe(
      '+0.52 (one seed)',
    )
    expect(differenceText({ ...difference, estimate: -0.00001 })).toMatch(/^0\.00 /)
    expect(differenceText(null)).toBe('–')
  })
})
