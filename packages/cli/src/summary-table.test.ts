import type { VariantSummary } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { summaryTable } from './summary-table.ts'

const spread = (mean: number) => ({ mean, standardDeviation: 0.001, values: [mean] })

const variant: VariantSummary = {
  name: 'batch norm',
  seeds: [0, 1, 2],
  statuses: { completed: 2, diverged: 1, interrupted: 0, unfinished: 0 },
  messages: [],
  parameters: 269_818,
  testAccuracy: spread(0.847),
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
    expect(summaryTable([diverged])).toMatch(/- │ .*- │ .*- │ .*269,818 │ diverged/)
  })
})
