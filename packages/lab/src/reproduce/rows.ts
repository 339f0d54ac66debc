// Rows of an outcome: each says what is expected in words and whether every measured number agrees.
import type { Basis, ClaimRow, Measured } from './claim.ts'

type Numbers = number | readonly number[]

/** How far a number may be off: a share of what is expected, or an absolute distance. */
export type Tolerance = { relative: number } | { absolute: number }

const list = (numbers: Numbers): readonly number[] =>
  typeof numbers === 'number' ? [numbers] : numbers

/** Five significant digits: `0.68171`, `51.024`, `1.9e-4`, `1.2e+31`; integers in full. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString('en-US')
  const rounded = Number(value.toPrecision(5))
  return size < 1e-3 || size >= 1e6 ? rounded.toExponential() : String(rounded)
}

/** What was measured, as a person reads it. */
export const measuredText = (measured: Measured): string =>
  typeof measured === 'string' ? measured : list(measured).map(digits).join(', ')

/** Every measured number within the tolerance of its expected one, or of the one expected. */
export function near(
  what: string,
  basis: Basis,
  measured: Numbers,
  expected: Numbers,
  tolerance: Tolerance,
): ClaimRow {
  const wanted = list(expected)
  const holds = list(measured).every((value, i) => {
    const target = (wanted.length === 1 ? wanted[0] : wanted[i]) as number
    const limit =
      'relative' in tolerance ? tolerance.relative * Math.abs(target) : tolerance.absolute
    return Math.abs(value - target) <= limit
  })
  const margin =
    'relative' in tolerance ? `${digits(100 * tolerance.relative)}%` : digits(tolerance.absolute)
  return { what, basis, expected: `${wanted.map(digits).join(', ')} ± ${margin}`, measured, holds }
}

/** Every measured number from `low` to `high`. */
export function between(
  what: string,
  basis: Basis,
  measured: Numbers,
  low: number,
  high: number,
): ClaimRow {
  const holds = list(measured).every(value => value >= low && value <= high)
  return { what, basis, expected: `${digits(low)} to ${digits(high)}`, measured, holds }
}

/** Every measured number at most `limit`. */
export function atMost(what: string, basis: Basis, measured: Numbers, limit: number): ClaimRow {
  const holds = list(measured).every(value => value <= limit)
  return { what, basis, expected: `at most ${digits(limit)}`, measured, holds }
}

/** Every measured number at least `limit`. */
export function atLeast(what: string, basis: Basis, measured: Numbers, limit: number): ClaimRow {
  const holds = list(measured).every(value => value >= limit)
  return { what, basis, expected: `at least ${digits(limit)}`, measured, holds }
}

/** Exactly what is expected: numbers, or words. */
export function equals<M extends Measured>(
  what: string,
  basis: Basis,
  measured: M,
  expected: M,
): ClaimRow {
  const text = measuredText(expected)
  return { what, basis, expected: text, measured, holds: String(measured) === String(expected) }
}

/** A condition in words. */
export const holds = (
  what: string,
  basis: Basis,
  expected: string,
  measured: Measured,
  condition: boolean,
): ClaimRow => ({ what, basis, expected, measured, holds: condition })
