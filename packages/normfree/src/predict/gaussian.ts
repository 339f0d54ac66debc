// Moments of a function of normal numbers, by quadrature.

const REACH = 8
const STEP = 1 / 16
const NODES = Float64Array.from({ length: (2 * REACH) / STEP }, (_, i) => (i + 0.5) * STEP - REACH)

/** Phi at the ends of the steps, by Simpson's rule in each. */
const CUMULATED = (() => {
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  let sum = 0
  const steps = Array.from(NODES, z => {
    const [left, right] = [z - STEP / 2, z + STEP / 2]
    sum += (STEP / 6) * (density(left) + 4 * density(z) + density(right))
    return sum
  })
  return [0, ...steps.map(each => each / sum)]
})()

const weightsOfMaximum = new Map<number, Float64Array>()

/** Probability of each step for the largest of `count` standard normal numbers. */
function stepWeights(count: number): Float64Array {
  const known = weightsOfMaximum.get(count)
  if (known) return known
  const weights = Float64Array.from(
    NODES,
    (_, i) => CUMULATED[i + 1] ** count - CUMULATED[i] ** count,
  )
  weightsOfMaximum.set(count, weights)
  return weights
}

/** A channel's numbers: normal around a mean that is itself normal among the channels. */
export interface Spread {
  /** Of the channels' means. */
  mean: number
  /** Standard deviation of the channels' means. */
  spread: number
  /** Of the numbers within a channel. */
  variance: number
}

/**
 * What becomes of the numbers under `f`, or under `f` of the largest of `count` of them.
 *
 * Midpoint rule in 256 steps over +-8 standard deviations within a channel, where f may have kinks
 * (relative error below 1e-3 there), and the trapezoidal rule over the channels' means, where what
 * is integrated is smooth.
 */
export function transformed(f: (x: number) => number, x: Spread, count = 1): Spread {
  const deviation = Math.sqrt(x.variance)
  const weights = stepWeights(count)
  let [first, square, squaredMean] = [0, 0, 0]
  for (const [node, weight] of channelNodes(x.spread, deviation)) {
    const centre = x.mean + x.spread * node
    let [inner, innerSquare] = [0, 0]
    for (let i = 0; i < NODES.length; i++) {
      const value = f(centre + deviation * NODES[i])
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
