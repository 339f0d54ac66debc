// Numbers as people read them. Pure functions.
import type { Spread } from '@normfree/runs'

/** A fraction 0..1 as a percentage with two decimals. */
export const percent = (fraction: number) =>
  Number.isNaN(fraction) ? '-' : `${(100 * fraction).toFixed(2)}%`

/** The mean of fractions, and their deviation where several seeds were run: `84.71% ± 0.12`. */
export function percentSpread(spread: Spread | null): string {
  if (spread === null) return '-'
  const deviation = spread.standardDeviation
  return percent(spread.mean) + (deviation === null ? '' : ` ± ${(100 * deviation).toFixed(2)}`)
}

/** A count with separators between thousands. */
export const count = (value: number) => Math.round(value).toLocaleString('en-US')

/** Operations as the papers write them: `40.55 M`, `4.089 G`. */
export const operations = (value: number) =>
  value < 1e9 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e9).toFixed(3)} G`

/** A duration: `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)]
  return hours === 0 ? `${minutes} min ${whole % 60} s` : `${hours} h ${minutes % 60} min`
}
