import { describe, expect, it } from 'vitest'
import { differenceOf } from './difference.ts'
import { meanInterval, studentInterval } from './interval.ts'
import { mean, median, spreadOf, standardDeviation } from './spread.ts'

const spread = (...values: number[]) => spreadOf(values, [...values.keys()])

describe('mean, standardDeviation and median', () => {
  it('match a case worked by hand', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5)
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12)
    expect(standardDeviation([5, 5])).toBe(0)
    expect(standardDeviation([5])).toBeNull()
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
  })
})

describe('studentInterval', () => {
  // Two-sided 95% points as tables of Student's t print them.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [9, 2.262],
    [29, 2.045],
    [1e6, 1.96],
  ])('reaches as far as the tables of t say for %i degrees of freedom', (freedom, reach) => {
    expect(studentInterval(0, 1, freedom).high).toBeCloseTo(reach, 3)
    expect(studentInterval(0, 1, freedom).low).toBeCloseTo(-reach, 3)
  })
})

describe('meanInterval', () => {
  it('is the mean and t standard errors on both sides', () => {
    const { low, high } = meanInterval([1, 2, 3])!
    expect((low + high) / 2).toBeCloseTo(2, 12)
    expect(high - 2).toBeCloseTo(4.302652 / Math.sqrt(3), 5)
  })

  it('claims nothing of one value', () => {
    expect(meanInterval([1])).toBeNull()
  })
})

describe('differenceOf', () => {
  it('pairs common seeds, so that what a seed does to both cancels', () => {
    const result = differenceOf(spread(0.9, 0.7, 0.52), spread(0.8, 0.6, 0.41))
    expect(result).toMatchObject({
      method: 'paired',
      commonSeeds: 3,
      degreesOfFreedom: 2,
      note: null,
    })
    expect(result.estimate).toBeCloseTo(0.31 / 3, 12)
    expect(result.interval!.low).toBeGreaterThan(0.08)
    expect(result.interval!.high).toBeLessThan(0.12)
  })

  it('pairs by seed, not by place, and leaves out seeds that one of them lacks', () => {
    const a = spreadOf([1, 2, 3, 100], [2, 1, 0, 9])
    const result = differenceOf(a, spreadOf([2.5, 1.5, 0.5], [0, 1, 2]))
    expect(result).toMatchObject({ method: 'paired', commonSeeds: 3 })
    expect(result.estimate).toBeCloseTo(0.5, 12)
  })

  it('says of one seed that nothing is known, and of two that little is', () => {
    expect(differenceOf(spread(0.9), spread(0.8))).toMatchObject({
      interval: null,
      degreesOfFreedom: null,
      note: 'one seed: uncertainty unknown',
    })
    const two = differenceOf(spread(0.9, 0.91), spread(0.8, 0.8))
    expect(two.note).toBe('two seeds: a wide and fragile interval')
    expect(two.interval!.high - two.estimate).toBeCloseTo(12.706 * 0.005, 4)
  })

  it("takes Welch's interval where seeds are not common", () => {
    const b = spreadOf([10, 12, 14, 16], [10, 11, 12, 13])
    const result = differenceOf(spread(1, 2, 3), b)
    // Worked by hand: squared errors 1 / 3 and 5 / 3, so 2^2 / ((1/3)^2 / 2 + (5/3)^2 / 3).
    expect(result).toMatchObject({ method: 'welch', commonSeeds: 0, estimate: -11, note: null })
    expect(result.degreesOfFreedom).toBeCloseTo(216 / 53, 10)
    const reach = studentInterval(0, Math.SQRT2, 216 / 53).high
    expect(result.interval!.high).toBeCloseTo(-11 + reach, 10)
    expect(reach / Math.SQRT2).toBeCloseTo(2.755, 2)
  })

  it('takes Welch too where one seed of many is common, and a pair where it is all there is', () => {
    const many = spreadOf([1, 2, 3], [0, 1, 2])
    expect(differenceOf(many, spreadOf([1, 2], [2, 3])).method).toBe('welch')
    expect(differenceOf(many, spreadOf([1], [2]))).toMatchObject({ method: 'paired', estimate: 2 })
    expect(differenceOf(many, spreadOf([1], [7]))).toMatchObject({
      method: 'welch',
      interval: null,
    })
  })

  it('counts a repeated seed once', () => {
    const repeated = spreadOf([1, 1, 2], [0, 0, 1])
    expect(differenceOf(repeated, spread(0, 0)).estimate).toBe(1.5)
  })

  it('gives an interval without width to runs without spread', () => {
    const result = differenceOf(spreadOf([2, 2], [0, 1]), spreadOf([1, 1], [2, 3]))
    expect(result.interval).toEqual({ low: 1, high: 1 })
  })
})
