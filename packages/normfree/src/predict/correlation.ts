// How elements of one channel go together by how far apart they lie: overlapping windows see the same
// noise, and what is correlated shrinks less under means.
import { maximum, NORMAL, type Shape } from './shape.ts'

/** Rows and columns apart up to which correlations are kept. */
const REACH = 4
const SIDE = REACH + 1

/** Correlation by rows and columns apart, whichever way; rows first. */
export type Correlation = Float64Array

/** Correlations by rows and columns apart, in proportion; below 0.02 they are noise of the kernels. */
function correlation(of: (rows: number, columns: number) => number): Correlation {
  const whole = of(0, 0)
  const lags = Float64Array.from(
    { length: SIDE ** 2 },
    (_, i) => of(Math.floor(i / SIDE), i % SIDE) / whole,
  )
  return lags.slice(1).every(lag => !(Math.abs(lag) >= 0.02)) ? WHITE : lags
}

/** Elements that lie apart know nothing of each other. */
export const WHITE: Correlation = Float64Array.from({ length: SIDE ** 2 }, (_, i) =>
  Number(i === 0),
)

/** Correlation of two elements. */
export function correlationAt(lags: Correlation, rows: number, columns: number): number {
  const [y, x] = [Math.abs(rows), Math.abs(columns)]
  return y > REACH || x > REACH ? 0 : lags[y * SIDE + x]
}

/** Sum over all pairs with one element: by how much more than white noise a mean over an image varies. */
export const total = (lags: Correlation): number =>
  lags.reduce((sum, lag, i) => sum + lag * (i >= SIDE ? 2 : 1) * (i % SIDE > 0 ? 2 : 1), 0)

/** Of a sum of independent tensors, x having `share` of its variance. */
export const blended = (x: Correlation, y: Correlation, share: number): Correlation =>
  x === y || !(share >= 0 && share <= 1)
    ? x
    : correlation(
        (rows, columns) =>
          share * correlationAt(x, rows, columns) + (1 - share) * correlationAt(y, rows, columns),
      )

const HERMITE_ORDERS = 8

/**
 * Of f(z), z standard normal: sum_k c_k^2 r^k / k! over the coefficients c_k = E f(z) He_k(z) of
 * Hermite's polynomials, in proportion.
 */
export function bentCorrelation(lags: Correlation, f: (z: number) => number): Correlation {
  if (lags === WHITE) return WHITE
  const coefficients = new Float64Array(HERMITE_ORDERS + 1)
  let variance = 0
  NORMAL.values.forEach((z, i) => {
    const weighted = NORMAL.weights[i] * f(z)
    variance += weighted * f(z)
    let [previous, polynomial] = [0, 1]
    for (let k = 0; k <= HERMITE_ORDERS; k++) {
      coefficients[k] += weighted * polynomial
      ;[previous, polynomial] = [polynomial, z * polynomial - k * previous]
    }
  })
  variance -= coefficients[0] ** 2
  if (!(variance > 0)) return WHITE
  let factorial = 1
  const powers = coefficients.map((c, k) => {
    factorial *= Math.max(k, 1)
    return c ** 2 / factorial / variance
  })
  const bend = (r: number) =>
    powers.reduce((sum, power, k) => (k === 0 ? 0 : sum + power * r ** k), 0)
  return correlation((rows, columns) =>
    rows + columns === 0 ? 1 : bend(correlationAt(lags, rows, columns)),
  )
}

/** Rows and columns of each tap of a window, and how far the next window lies. */
export interface Taps {
  places: readonly (readonly [row: number, column: number])[]
  strides: readonly [rows: number, columns: number]
}

/**
 * What weighted sums over windows have in common: the sum over pairs of taps of their `products` times
 * the correlation of what lies under them. Windows `rows` and `columns` apart.
 */
function covariance(
  lags: Correlation,
  products: ArrayLike<number>,
  { places, strides }: Taps,
  rows: number,
  columns: number,
): number {
  let sum = 0
  places.forEach(([y, x], tap) => {
    places.forEach(([otherY, otherX], other) => {
      const lag = [rows * strides[0] + otherY - y, columns * strides[1] + otherX - x]
      sum += products[tap * places.length + other] * correlationAt(lags, lag[0], lag[1])
    })
  })
  return sum
}

/** Of weighted sums over windows. */
export function summedCorrelation(
  lags: Correlation,
  products: ArrayLike<number>,
  taps: Taps,
): Correlation {
  if (taps.places.length === 1 && lags === WHITE) return WHITE
  return correlation((rows, columns) => covariance(lags, products, taps, rows, columns))
}

/** `products` of pairs of taps times the correlation of what lies under them. */
export function correlatedProducts(
  lags: Correlation,
  products: ArrayLike<number>,
  { places }: Taps,
): Float64Array {
  return Float64Array.from(products, (product, i) => {
    const [one, other] = [places[Math.floor(i / places.length)], places[i % places.length]]
    return product * correlationAt(lags, other[0] - one[0], other[1] - one[1])
  })
}

/** Of the largest in windows over white noise of a shape: those that overlap share elements. */
export function maximumCorrelation(shape: Shape, { places, strides }: Taps): Correlation {
  const own = new Set(places.map(String))
  return correlation((rows, columns) => {
    const [y, x] = [rows * strides[0], columns * strides[1]]
    const shared = places.filter(place => own.has(String([place[0] + y, place[1] + x]))).length
    return sharedMaximum(shape, places.length, shared)
  })
}

/** Covariance of the largest of `count` elements with another's, `shared` of which are the same. */
function sharedMaximum(shape: Shape, count: number, shared: number): number {
  if (shared === 0) return 0
  const { values } = shape
  const [rest, common] = [maximum(shape, count - shared), maximum(shape, shared)]
  // E max(rest, s) for every value s of the largest shared one.
  const expected = values.map(s =>
    values.reduce((sum, value, i) => sum + rest.weights[i] * Math.max(value, s), 0),
  )
  const mean = expected.reduce((sum, each, i) => sum + common.weights[i] * each, 0)
  return expected.reduce((sum, each, i) => sum + common.weights[i] * (each - mean) ** 2, 0)
}
