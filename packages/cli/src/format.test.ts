import { describe, expect, it } from 'vitest'
import { count, duration, operations, percent, percentSpread } from './format.ts'

describe('format', () => {
  it('writes fractions as percentages, and a dash where there is no number', () => {
    expect(percent(0.84714)).toBe('84.71%')
    expect(percent(Number.NaN)).toBe('-')
  })

  it('adds the deviation over seeds where there is one', () => {
    expect(percentSpread({ mean: 0.847, standardDeviation: 0.0012, seeds: [], values: [] })).toBe(
      '84.70% ± 0.12',
    )
    expect(percentSpread({ mean: 0.847, standardDeviation: null, seeds: [], values: [] })).toBe(
      '84.70%',
    )
    expect(percentSpread(null)).toBe('-')
  })

  it('separates thousands', () => {
    expect(count(1_234_567.8)).toBe('1,234,568')
  })

  it('writes operations in millions, and from a thousand of those in billions', () => {
    expect([40_551_040, 999_990_000, 4_089_184_256].map(operations)).toEqual([
      '40.55 M',
      '999.99 M',
      '4.089 G',
    ])
  })

  it('writes durations with at most two units', () => {
    expect([8.4, 59.6, 200, 7500, -1].map(duration)).toEqual([
      '8 s',
      '1 min 0 s',
      '3 min 20 s',
      '2 h 5 min',
      '0 s',
    ])
  })
})
