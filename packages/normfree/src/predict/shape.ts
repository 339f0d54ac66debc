// How elements are distributed around their mean: normally where many terms are added up, as behind a
// convolution; otherwise behind activations, maxima, and sums of few.

/** A distribution of mean 0 and variance 1, as ascending values and their probabilities. */
export interface Shape {
  readonly values: Float64Array
  readonly weights: Float64Array
}

/** A channel's elements, around a mean that is itself normal among the channels. */
export interface Cell {
  /** Mean of the channels' means. */
  mean: number
  /** Standard deviation of the channels' means. */
  spread: number
  /** Mean of the variances within channels. */
  variance: number
}

const REACH = 8
const STEP = 1 / 16
const STEPS = Float64Array.from({ length: (2 * REACH) / STEP }, (_, i) => (i + 0.5) * STEP - REACH)

/** Simpson's rule for the normal density in each step. */
export const NORMAL: Shape = (() => {
  const density = (z: number) => Math.exp((-z * z) / 2)
  const weights = STEPS.map(z => density(z - STEP / 2) + 4 * density(z) + density(z + STEP / 2))
  return standardized(STEPS, weights)
})()

/** A distribution, shifted and scaled; what has no variance is called normal. */
export function standardized(values: Float64Array, weights: Float64Array): Shape {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b])
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const expected = (f: (x: number) => number) =>
    values.reduce((sum, value, i) => sum + weights[i] * f(value), 0) / total
  const mean = expected(x => x)
  const deviation = Math.sqrt(expected(x => (x - mean) ** 2))
  if (!(deviation > 0 && Number.isFinite(deviation))) return NORMAL
  return {
    values: Float64Array.from(order, i => (values[i] - mean) / deviation),
    weights: Float64Array.from(order, i => weights[i] / total),
  }
}

/** The largest of `count` independent elements: its shape, and its mean and variance. */
export function maximum(
  shape: Shape,
  count: number,
): { shape: Shape; mean: number; variance: number } {
  let [below, power] = [0, 0]
  const weights = shape.weights.map(weight => {
    below = Math.min(below + weight, 1)
    const before = power
    power = below ** count
    return power - before
  })
  const mean = weights.reduce((sum, weight, i) => sum + weight * shape.values[i], 0)
  const square = weights.reduce((sum, weight, i) => sum + weight * shape.values[i] ** 2, 0)
  return { shape: standardized(shape.values, weights), mean, variance: square - mean ** 2 }
}

/**
 * The sum of independent elements, x having `share` of its variance. Its values are gathered on
 * steps of 1/16; a sum that leans to no side any more is called normal.
 */
export function added(x: Shape, y: Shape, share: number): Shape {
  if ((x === NORMAL && y === NORMAL) || !(share >= 0 && share <= 1)) return NORMAL
  if (share === 1) return x
  if (share === 0) return y
  const weights = new Float64Array(STEPS.length)
  const [a, b] = [Math.sqrt(share), Math.sqrt(1 - share)]
  const last = STEPS.length - 2
  for (let i = 0; i < x.values.length; i++)
    for (let j = 0; j < y.values.length; j++) {
      const place = (a * x.values[i] + b * y.values[j] + REACH) / STEP - 0.5
      const left = Math.min(Math.max(Math.floor(place), 0), last)
      const weight = x.weights[i] * y.weights[j]
      const part = Math.min(Math.max(place - left, 0), 1)
      weights[left] += weight * (1 - part)
      weights[left + 1] += weight * part
    }
  const sum = standardized(STEPS, weights)
  return leans(sum) ? sum : NORMAL
}

/** Whether the third or the fourth moment is another than the normal one's, by over a hundredth. */
function leans({ values, weights }: Shape): boolean {
  const moment = (power: number) =>
    values.reduce((sum, value, i) => sum + weights[i] * value ** power, 0)
  return Math.abs(moment(3)) > 0.01 || Math.abs(moment(4) - 3) > 0.03
}

/** The shape of f(x), for x of a shape and in the middle of `cell`. */
export function reshapedBy(
  f: (x: number) => number,
  { mean, variance }: Cell,
  shape: Shape,
): Shape {
  const deviation = Math.sqrt(variance)
  return standardized(
    shape.values.map(value => f(mean + deviation * value)),
    shape.weights,
  )
}

/**
 * The moments of f(x): over the 256 values of a shape within a channel, where f may have kinks
 * (for relu the relative error is below 1e-3), and by the trapezoidal rule over the channels'
 * means, where what is integrated is smooth.
 */
export function transformed(f: (x: number) => number, x: Cell, { values, weights }: Shape): Cell {
  const deviation = Math.sqrt(x.variance)
  let [first, square, squaredMean] = [0, 0, 0]
  for (const [node, weight] of channelNodes(x.spread, deviation)) {
    const centre = x.mean + x.spread * node
    let [inner, innerSquare] = [0, 0]
    for (let i = 0; i < values.length; i++) {
      const value = f(centre + deviation * values[i])
      inner += weights[i] * value
      innerSquare += weights[i] * value * value
    }
    first += weight * inner
    square += weight * innerSquare
    squaredMean += weight * inner * inner
  }
  return {
    mean: first,
    spread: Math.sqrt(Math.max(squaredMean - first * first, 0)),
    variance: Math.max(square - squaredMean, 0),
  }
}

/** Nodes and weights for the channels' means: one where they agree, more where they are far apart. */
function channelNodes(spread: number, deviation: number): readonly (readonly [number, number])[] {
  if (Math.abs(spread) < 1e-4 * deviation || spread === 0) return CHANNEL_NODES.one
  return Math.abs(spread) < deviation / 2 ? CHANNEL_NODES.few : CHANNEL_NODES.many
}

const normalNodes = (step: number): [number, number][] => {
  const reach = Math.round(5 / step)
  const nodes = Array.from({ length: 2 * reach + 1 }, (_, i) => (i - reach) * step)
  const density = nodes.map(node => Math.exp((-node * node) / 2))
  const total = density.reduce((sum, each) => sum + each, 0)
  return nodes.map((node, i) => [node, density[i] / total])
}

const CHANNEL_NODES = { one: [[0, 1]] as const, few: normalNodes(1), many: normalNodes(1 / 4) }
