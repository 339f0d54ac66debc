// Summaries as Markdown, for results that are committed and for issues.
import type { FactorAnalysis, VariantSummary } from '@normfree/runs'
import { count, differenceNote, differenceText, loss, percentSpread } from './numbers.ts'

/**
 * Summaries as a Markdown table: one row a variant, mean ± sample standard deviation, and the
 * difference to the baseline of the summaries: the first, unless it is named.
 */
export function markdownTable(variants: readonly VariantSummary[], baseline?: string): string {
  const reference = baseline ?? variants[0]!.name
  const averaged = hasAverages(variants)
  const rows = variants.map(variant => [
    variant.name,
    percentSpread(variant.testAccuracy),
    variant.name === reference ? 'baseline' : differenceText(variant.difference),
    ...(averaged ? [percentSpread(variant.emaAccuracy)] : []),
    percentSpread(variant.trainAccuracy),
    loss(variant.trainLoss?.mean ?? Number.NaN),
    count(variant.parameters),
    count(variant.imagesPerSecond?.mean ?? Number.NaN),
    statusText(variant),
  ])
  const numbers = [
    'test accuracy',
    'difference',
    ...(averaged ? ['averaged weights'] : []),
    'train accuracy',
    'train loss',
    'parameters',
    'images/s',
  ]
  const table = markdownRows(['variant', ...numbers, 'runs'], rows, numbers)
  return variants.length > 1 ? `${table}\n${differenceNote(reference)}\n` : table
}

/** The factors of an analysis as a Markdown table, the most important first, with its notes. */
export function markdownFactors({ runs, leftOut, r2, factors, notes }: FactorAnalysis): string {
  const rows = factors.map(({ key, importance, pearson, spearman, note }) => [
    key,
    importance ? `${importance.mean.toFixed(2)} ± ${importance.standardDeviation.toFixed(2)}` : '–',
    pearson?.toFixed(2) ?? '–',
    spearman?.toFixed(2) ?? '–',
    note ?? '',
  ])
  const numbers = ['importance', 'Pearson', 'Spearman']
  const known = r2 === null ? '' : ` The forest's R² out of bag is ${r2.toFixed(2)}.`
  const text = `Over ${runs} completed runs; ${leftOut} others have no score.${known}`
  const all = [text, ...notes.map(note => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`)]
  return `${markdownRows(['setting', ...numbers, 'note'], rows, numbers)}\n${all.join(' ')}\n`
}

/** Whether a table needs a column for the score of averaged weights. */
export function hasAverages(variants: readonly VariantSummary[]): boolean {
  return variants.some(({ emaAccuracy }) => emaAccuracy !== null)
}

/** A GitHub-flavoured Markdown table of plain text; columns in `right` are aligned to the right. */
export function markdownRows(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const rule = head.map(heading => (right.includes(heading) ? '--:' : ':--'))
  return [head, rule, ...rows.map(cells => cells.map(escapeCell))]
    .map(cells => `| ${cells.join(' | ')} |\n`)
    .join('')
}

/** How many runs ended in which way: `2 completed, 1 diverged`. */
export function statusText({ statuses }: VariantSummary): string {
  return Object.entries(statuses)
    .filter(([, runs]) => runs > 0)
    .map(([status, runs]) => `${runs} ${status}`)
    .join(', ')
}

function escapeCell(text: string): string {
  return text.replace(/[\\|`*_[\]<>]/g, '\\$&').replace(/\s+/g, ' ')
}
