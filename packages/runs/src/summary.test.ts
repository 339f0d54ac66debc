import { describe, expect, it } from 'vitest'
import { statusOf } from './status.ts'
import { summarize } from './summary.ts'
import { epochOf, headerOf, runOf } from './testing.ts'

const seeded = (seed: number, testAccuracy: number) =>
  runOf({ header: headerOf({ seed }), epochs: [epochOf(1, { testAccuracy })] })

describe('summarize', () => {
  it('groups runs by name in order of first appearance', () => {
    const other = runOf({ header: headerOf({ name: 'normalizer-free' }) })
    expect(summarize([other, runOf(), other]).map(({ name, seeds }) => [name, seeds])).toEqual([
      ['normalizer-free', [0, 0]],
      ['batch norm', [0]],
    ])
  })

  it('gives mean and sample standard deviation over seeds', () => {
    const [summary] = summarize([seeded(0, 0.8), seeded(1, 0.9), seeded(2, 0.85)])
    expect(summary!.testAccuracy!.mean).toBeCloseTo(0.85, 12)
    expect(summary!.testAccuracy!.standardDeviation).toBeCloseTo(0.05, 12)
    expect(summary!.testAccuracy!.values).toEqual([0.8, 0.9, 0.85])
  })

  it('claims no spread from one seed', () => {
    expect(summarize([seeded(0, 0.8)])[0]!.testAccuracy).toEqual({
      mean: 0.8,
      standardDeviation: null,
      seeds: [0],
      values: [0.8],
    })
  })

  it('takes the last epoch for the final figures, the best one for the best, the median speed', () => {
    const epochs = [
      epochOf(1, { testAccuracy: 0.9, imagesPerSecond: 100 }),
      epochOf(2, { testAccuracy: 0.7, trainAccuracy: 0.95, imagesPerSecond: 1000 }),
      epochOf(3, { testAccuracy: 0.8, trainAccuracy: 0.99, trainLoss: 0.1, imagesPerSecond: 1100 }),
    ]
    expect(summarize([runOf({ epochs })])[0]).toMatchObject({
      testAccuracy: { mean: 0.8 },
      bestTestAccuracy: { mean: 0.9 },
      trainAccuracy: { mean: 0.99 },
      trainLoss: { mean: 0.1 },
      imagesPerSecond: { mean: 1000 },
    })
  })

  it('leaves diverged and unfinished runs out of the means and counts them', () => {
    const diverged = runOf({
      header: headerOf({ seed: 1 }),
      epochs: [epochOf(1, { testAccuracy: 0.1 })],
      end: { kind: 'end', status: 'diverged', message: 'NaN in blocks.3', seconds: 1 },
    })
    const [summary] = summarize([seeded(0, 0.8), diverged, runOf({ end: null })])
    expect(summary!.testAccuracy!.values).toEqual([0.8])
    expect(summary!.statuses).toEqual({ completed: 1, diverged: 1, interrupted: 0, unfinished: 1 })
    expect(summary!.messages).toEqual(['NaN in blocks.3'])
    expect(summarize([diverged])[0]!.testAccuracy).toBeNull()
  })

  it('compares with the first variant, or the one that is named, and with none that is not there', () => {
    const runs = [0.8, 0.9].flatMap((accuracy, index) =>
      [0, 1, 2].map(seed => ({
        ...seeded(seed, accuracy + seed / 100),
        header: headerOf({ seed, name: `variant ${index}` }),
      })),
    )
    const estimates = (baseline?: string) =>
      summarize(runs, baseline).map(({ difference }) => difference?.estimate.toFixed(3) ?? null)
    expect(estimates()).toEqual([null, '0.100'])
    expect(estimates('variant 1')).toEqual(['-0.100', null])
    expect(estimates('variant 2')).toEqual([null, null])
  })

  it('gives the score of averaged weights where every completed run has one', () => {
    const averaged = runOf({ epochs: [epochOf(1, { emaAccuracy: 0.7 })] })
    expect(summarize([averaged])[0]!.emaAccuracy!.values).toEqual([0.7])
    expect(summarize([averaged, runOf()])[0]!.emaAccuracy).toBeNull()
  })
})

describe('statusOf', () => {
  it('calls a run without an end unfinished', () => {
    expect(statusOf(runOf({ end: null }))).toBe('unfinished')
    expect(statusOf(runOf())).toBe('completed')
  })
})
