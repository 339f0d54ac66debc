// The table at the end of a comparison: one row for each variant.
import { differenceNote, differenceText, hasAverages, statusText } from '@normfree/plots'
import type { VariantSummary } from '@normfree/runs'
import { count, percentSpread } from './format.ts'
import { table } from './table.ts'

/**
 * Variants with the mean and the deviation of their runs, in the order in which they were run, and
 * how far they are from the baseline of the summaries: the first, unless it is named.
 */
export function summaryTable(variants: readonly VariantSummary[], baseline?: string): string {
  const averaged = hasAverages(variants)
  const numbers = [
    'test accuracy',
    'difference',
    ...(averaged ? ['averaged weights'] : []),
    'train accuracy',
    'images/s',
    'parameters',
  ]
  const reference = baseline ?? variants[0]!.name
  const rows = variants.map(variant => row(variant, reference, averaged))
  const rendered = table(['variant', ...numbers, 'runs'], rows, numbers)
  return variants.length > 1 ? `${rendered}\n${differenceNote(reference)}` : rendered
}

function row(variant: VariantSummary, baseline: string, averaged: boolean): string[] {
  const { imagesPerSecond } = variant
  return [
    variant.name,
    percentSpread(variant.testAccuracy),
    variant.name === baseline ? 'baseline' : differenceText(variant.difference),
    ...(averaged ? [percentSpread(variant.emaAccuracy)] : []),
    percentSpread(variant.trainAccuracy),
    imagesPerSecond === null ? '-' : count(imagesPerSecond.mean),
    count(variant.parameters),
    statusText(variant),
  ]
}
