// What is the same at every position of a tensor: how its elements lie around their mean, how they go
// together, and what they never fall below.
import { bentCorrelation, blended, type Correlation, WHITE } from './correlation.ts'
import { added, type Cell, mirrored, NORMAL, reshapedBy, type Shape } from './shape.ts'

/** See {@link PLAIN} for what a convolution of white noise has. */
export interface Texture {
  shape: Shape
  correlation: Correlation
  /** No element is less. */
  least: number
}

/** Normal, white and without bounds. */
export const PLAIN: Texture = { shape: NORMAL, correlation: WHITE, least: Number.NEGATIVE_INFINITY }

/** Of elements that may be less than before. */
export const unbounded = (x: Texture): Texture => ({ ...x, least: PLAIN.least })

/** Of a sum of independent tensors, x having `share` of its variance. */
export const sum = (x: Texture, y: Texture, share: number): Texture => ({
  shape: added(x.shape, y.shape, share),
  correlation: blended(x.correlation, y.correlation, share),
  least: x.least + y.least,
})

/** Of a product whose second factor hardly varies. */
export const product = (x: Texture, y: Texture): Texture => ({
  ...x,
  least: x.least >= 0 && y.least >= 0 ? 0 : Number.NEGATIVE_INFINITY,
})

/** Of slope x + offset. */
export const scaled = (x: Texture, slope: number, offset: number): Texture => ({
  shape: slope < 0 ? mirrored(x.shape) : x.shape,
  correlation: x.correlation,
  least: slope === 0 ? offset : slope > 0 ? slope * x.least + offset : Number.NEGATIVE_INFINITY,
})

/** Standard deviations around the mean in which it is tried what a function does. */
const TRIED = Array.from({ length: 129 }, (_, i) => (i - 64) / 2)

/** Of f(x), for x around `cell`; the texture itself where f changes none of its elements (relu of relu). */
export function bentTexture(x: Texture, f: (x: number) => number, cell: Cell): Texture {
  const deviation = Math.sqrt(cell.variance + cell.spread ** 2)
  const tried = TRIED.map(z => Math.max(cell.mean + deviation * z, x.least))
  const results = tried.map(f)
  if (results.every((result, i) => Math.abs(result - tried[i]) <= 1e-9 * Math.abs(tried[i])))
    return x
  return {
    shape: reshapedBy(f, cell, x.shape),
    correlation: bentCorrelation(x.correlation, z => f(cell.mean + Math.sqrt(cell.variance) * z)),
    least: Math.min(...results),
  }
}
