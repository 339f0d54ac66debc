// Numbers as Python writes them: halves rounded to the even digit, exponents of two digits, and the
// one format that PyTorch chooses for all elements of a tensor.

export interface Format {
  /** Of the longest finite number. */
  width: number
  text: (value: number) => string
}

const DIGITS = 4

/** Integers as `1.`, fractions as `0.1250`, either in scientific form where magnitudes ask for it. */
export function formatOf(values: readonly number[]): Format {
  const finite = values.filter(value => Number.isFinite(value) && value !== 0)
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const value of finite) {
    least = Math.min(least, Math.abs(value))
    most = Math.max(most, Math.abs(value))
  }
  const whole = finite.every(Number.isInteger)
  const isScientific =
    finite.length > 0 && (most / least > 1000 || most > 1e8 || (!whole && least < 1e-4))
  const text = special(
    isScientific
      ? value => scientific(value, DIGITS)
      : whole
        ? value => `${decimal(value, 0)}.`
        : value => decimal(value, DIGITS),
  )
  return { width: finite.reduce((width, value) => Math.max(width, text(value).length), 1), text }
}

const special = (text: (value: number) => string) => (value: number) =>
  Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? text(value) : value < 0 ? '-inf' : 'inf'

/** Python's `{:.<digits>f}`. */
export const decimal = (value: number, digits: number): string =>
  sign(value) + halfToEven(Math.abs(value), digits, (x, n) => x.toFixed(n))

/** Python's `{:.<digits>e}`. */
export function scientific(value: number, digits: number): string {
  const rounded = halfToEven(Math.abs(value), digits, (x, n) => x.toExponential(n))
  const [mantissa, exponent] = rounded.split('e')
  return `${sign(value)}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

const sign = (value: number) => (value < 0 || Object.is(value, -0) ? '-' : '')

/** More digits than a number has after one that is exactly a half. */
const EXACT = 60

/** JavaScript rounds a half away from zero; where the number is exactly one, that is undone. */
function halfToEven(
  value: number,
  digits: number,
  write: (value: number, digits: number) => string,
): string {
  const [exact, exponent] = write(value, EXACT).split('e')
  const kept = exact.length - EXACT + digits
  const isHalf = /^50*$/.test(exact.slice(kept))
  if (!isHalf || !/[02468]\.?$/.test(exact.slice(0, kept))) return write(value, digits)
  return exact.slice(0, kept).replace(/\.$/, '') + (exponent === undefined ? '' : `e${exponent}`)
}
