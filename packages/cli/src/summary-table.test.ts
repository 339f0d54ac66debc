import type { VariantSummary } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { summaryTable } from './summary-table.ts'

const spread = (mean: number) => ({ mean, standardDeviation: 0.001, seeds: [0], values: [mean] })

const variant: VariantSummary = {
  name: 'batch norm',
  seeds: [0, 1, 2],
  statuses: { completed: 2, diverged: 1, interrupted: 0, unfinished: 0 },
  messages: [],
  parameters: 269_818,
  testAccuracy: spread(0.847),
  difference: null,
  emaAccuracy: null,
  bestTestAccuracy: spread(0.85),
  trainAccuracy: spread(0.9),
  trainLoss: spread(1),
  testLoss: spread(1),
  imagesPerSecond: spread(1901.2),
}

describe('summaryTable', () => {
  it('has a row for each variant with means, deviations and what did not complete', () => {
    const row = summaryTable([variant]).split('\n')[3]!
    expect(row.split('│').map(cell => cell.trim())).toEqual([
      '',
      'batch norm',
      '84.70% ± 0.10',
      'baseline',
      '90.00% ± 0.10',
      '1,901',
      '269,818',
      '2 completed, 1 diverged',
      '',
    ])
  })

  it('leaves the numbers of a variant open when none of its runs completed', () => {
    const diverged = {
      ...variant,
      statuses: { completed: 0, diverged: 3, interrupted: 0, unfinished: 0 },
      testAccuracy: null,
      trainAccuracy: null,
      imagesPerSecond: null,
    }
    expect(summaryTable([diverged])).toMatch(/- │ .*- │ .*- │ .*269,818 │ 3 diverged/)
  })

  it('gives the difference to the baseline with its interval, and says what it is', () => {
    const better = {
      ...variant,
      name: 'normalizer-free',
      emaAccuracy: spread(0.86),
      difference: {
        estimate: 0.0052,
        interval: { low: -0.0011, high: 0.0115 },
        method: 'paired' as const,
        degreesOfFreedom: 2,
        commonSeeds: 3,
        note: null,
      },
    }
    const text = summaryTable([variant, better])
    expect(text).toMatch(/normalizer-free .* │ \+0\.52 \[-0\.11, \+1\.15\] │ +86\.00% ± 0\.10 │/)
    expect(text).toMatch(/Difference: test accuracy less that of batch norm, in points/)
    expect(summaryTable([variant, better], 'normalizer-free')).toMatch(/batch norm .* │ +– │/)
  })
})
