// The table at the end of a comparison: one row for each variant.
import type { RunStatus, VariantSummary } from '@normfree/runs'
import { count, percentSpread } from './format.ts'
import { table } from './table.ts'

const numbers = ['test accuracy', 'train accuracy', 'images/s', 'parameters']

/** Variants with the mean and the deviation of their runs, in the order in which they were run. */
export function summaryTable(variants: readonly VariantSummary[]): string {
  return table(['variant', ...numbers, 'status'], variants.map(row), numbers)
}

function row(variant: VariantSummary): string[] {
  const { imagesPerSecond } = variant
  return [
    variant.name,
    percentSpread(variant.testAccuracy),
    percentSpread(variant.trainAccuracy),
    imagesPerSecond === null ? '-' : count(imagesPerSecond.mean),
    count(variant.parameters),
    statusLine(variant.statuses),
  ]
}

/** `completed`, or how many of each where the runs of a variant ended differently. */
function statusLine(statuses: Record<RunStatus, number>): string {
  const entries = Object.entries(statuses).filter(([, runs]) => runs > 0)
  if (entries.length === 1) return entries[0]![0]
  return entries.map(([status, runs]) => `${runs} ${status}`).join(', ')
}
