// How numbers are written in charts, tables and sentences: one way each.
import type { Spread } from '@normfree/runs'

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

/** An axis label: short, exact for round numbers, with an exponent where zeros would mislead. */
export function tick(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  const rounded = Number(value.toPrecision(6))
  if (size < 1e-3 || size >= 1e4) return rounded.toExponential().replace('e+', 'e')
  return String(rounded)
}
