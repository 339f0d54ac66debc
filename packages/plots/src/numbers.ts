// How numbers are written in charts, tables and sentences: one way each.
import type { Difference, Spread } from '@normfree/runs'

/** `0.8471` as `84.71%`. */
export function percent(fraction: number): string {
  return Number.isFinite(fraction) ? `${points(fraction)}%` : '–'
}

/** `0.8471` as `84.71`: percentage points. */
export function points(fraction: number): string {
  return (fraction * 100).toFixed(2)
}

/** `272474` as `272,474`. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–'
}

/** A loss: three decimals. */
export function loss(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '–'
}

/** `84.71 ± 0.18%`; without the spread where there was one run, and a dash where there was none. */
export function percentSpread(spread: Spread | null): string {
  if (spread === null) return '–'
  if (spread.standardDeviation === null) return percent(spread.mean)
  return `${points(spread.mean)} ± ${percent(spread.standardDeviation)}`
}

/**
 * A difference in percentage points with its 95% interval, `+0.52 [-0.11, +1.15]`; with a word where
 * one seed or two are all there is, and a dash where nothing can be compared.
 */
export function differenceText(difference: Difference | null): string {
  if (difference === null) return '–'
  const { estimate, interval, note } = difference
  const range = interval ? ` [${signed(interval.low)}, ${signed(interval.high)}]` : ''
  return `${signed(estimate)}${range}${note ? ` (${note.split(':')[0]})` : ''}`
}

/** `0.0052` as `+0.52`. */
function signed(fraction: number): string {
  const text = points(fraction)
  return /[1-9]/.test(text) && fraction > 0 ? `+${text}` : text.replace(/^-(0\.0+)$/, '$1')
}

/** What a difference in a table means, for below or above it. */
export function differenceNote(baseline: string): string {
  return (
    `Difference: test accuracy less that of ${baseline}, in points, with its 95% interval by ` +
    "Student's t over the seeds that both have (by Welch where they share none)."
  )
}

/** An axis label of a fraction: `0.8` as `80%`. */
export function percentTick(fraction: number): string {
  return percent(fraction).replace(/\.?0+%$/, '%')
}

/** An axis label: short, exact for round numbers, with an exponent where zeros would mislead. */
export function tick(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  const rounded = Number(value.toPrecision(6))
  if (size < 1e-3 || size >= 1e4) return rounded.toExponential().replace('e+', 'e')
  return String(rounded)
}
