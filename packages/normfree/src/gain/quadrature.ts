// E f(z) and Var f(z) for z ~ N(0, 1), by adaptive quadrature: exact to 1e-9 wherever f has kinks or
// jumps. Numbers only.
import { ArgumentError } from '@normfree/torch'

/** What a function does to a standard normal number. */
export interface Moments {
  mean: number
  variance: number
}

/** f at many numbers at once. */
export type Sample = (xs: Float64Array) => ArrayLike<number>

/** A stretch of the line. */
interface Panel {
  left: number
  width: number
  /** f at the nodes. */
  values: ArrayLike<number>
  /** exp(-x^2 / 4) at the nodes, the root of the density. */
  roots: Float64Array
}

// Gauss-Lobatto quadrature of 4 points as Kronrod extended it to 7 and Gander & Gautschi to 13
// ("Adaptive quadrature - revisited", BIT 40, 2000). Its nodes include both ends of a panel: a rule
// without them would not see a kink between its last node and the end.
const HALF_NODES = [
  1,
  0.9428824156954797,
  Math.sqrt(2 / 3),
  0.6418533423457813,
  Math.sqrt(1 / 5),
  0.23638319966214988,
]
const HALF_WEIGHTS = [
  0.015827191973480183, 0.09427384021885005, 0.1550719873365854, 0.18882157396018245,
  0.19977340522685852, 0.2249264653333395,
]
const HALF_COARSE = [77 / 1470, 0, 432 / 1470, 0, 625 / 1470, 0]
const mirrored = (half: readonly number[], middle: number, sign = 1): number[] => [
  ...half.map(each => sign * each),
  middle,
  ...half.toReversed(),
]
const NODES = mirrored(HALF_NODES, 0, -1)
const FINE = mirrored(HALF_WEIGHTS, 0.24261107190140774)
const COARSE = mirrored(HALF_COARSE, 672 / 1470)

/** Width of a panel before it is divided: what is narrower than a tenth of it may be missed. */
const WIDTH = 1 / 8
/** How far out the line is looked at: at least, and at most, where the density underflows. */
const NEAREST = 12
const FARTHEST = 38
const MOST_PANELS = 20_000
/** The relative error that panels are divided for, and the one that is put up with. */
const AIM = 1e-11
const LEAST = 1e-9

/**
 * E f(z) and Var f(z) for z ~ N(0, 1), to 1e-9 of the standard deviation and of the variance, for any
 * piecewise smooth f. A variance that is no more than the rounding of the mean is 0.
 *
 * @throws ArgumentError where f is not finite, and where its variance is not.
 */
export function gaussianMoments(sample: Sample): Moments {
  let panels = coverLine(sample)
  let before: Moments | null = null
  for (;;) {
    const moments = momentsOver(panels)
    if (moments.variance <= (1e-13 * moments.mean) ** 2) return { ...moments, variance: 0 }
    const errors = new Map(panels.map(panel => [panel, disagreement(panel, moments)]))
    const error = totalOf(panels, panel => errors.get(panel)!)
    const converged = error <= AIM
    if (panels.length > MOST_PANELS) {
      if (error <= LEAST) return moments
      throw refusal('whose variance does not converge')
    }
    // The two rules may agree by chance about a panel with a kink; not so about both its halves.
    if (converged && before && change(before, moments) <= AIM) return moments
    before = converged ? moments : null
    const enough = converged ? -1 : AIM / panels.length
    panels = panels.flatMap(panel =>
      errors.get(panel)! > enough ? halves(sample, panel) : [panel],
    )
  }
}

/** Panels as far out as f counts for anything. */
function coverLine(sample: Sample): Panel[] {
  const panels: Panel[] = []
  for (let reach = 1; reach <= FARTHEST; reach++) {
    const ring = [...panelsFrom(sample, reach - 1), ...panelsFrom(sample, -reach)]
    panels.push(...ring)
    if (reach < NEAREST) continue
    const { mean, variance } = momentsOver(panels)
    const outside = totalOf(ring, panel => integrals(panel, FINE, mean).variance)
    if (variance < Number.POSITIVE_INFINITY && outside <= 1e-12 * variance) return panels
  }
  throw refusal('whose variance is not finite')
}

/** The panels of [left, left + 1]. */
const panelsFrom = (sample: Sample, left: number): Panel[] =>
  Array.from({ length: 1 / WIDTH }, (_, i) => createPanel(sample, left + i * WIDTH, WIDTH))

function createPanel(sample: Sample, left: number, width: number): Panel {
  const xs = Float64Array.from(NODES, node => left + (width * (node + 1)) / 2)
  const values = sample(xs)
  const bad = xs.findIndex((_, i) => !Number.isFinite(values[i]))
  if (bad >= 0) throw refusal(`that is ${values[bad]} at x = ${Number(xs[bad].toPrecision(6))}`)
  return { left, width, values, roots: xs.map(x => Math.exp((-x * x) / 4)) }
}

const halves = (sample: Sample, { left, width }: Panel): Panel[] =>
  [left, left + width / 2].map(start => createPanel(sample, start, width / 2))

function momentsOver(panels: readonly Panel[]): Moments {
  const mean = totalOf(panels, panel => integrals(panel, FINE, 0).mean)
  return { mean, variance: totalOf(panels, panel => integrals(panel, FINE, mean).variance) }
}

/** A panel's share of E f(z) and of E (f(z) - mean)^2. The density is taken in two halves, which neither over- nor underflow. */
function integrals({ width, values, roots }: Panel, weights: readonly number[], mean: number) {
  const share = { mean: 0, variance: 0 }
  for (const [i, weight] of weights.entries()) {
    const area = (weight * width) / 2 / Math.sqrt(2 * Math.PI)
    share.mean += area * values[i] * roots[i] * roots[i]
    share.variance += area * ((values[i] - mean) * roots[i]) ** 2
  }
  return share
}

/** By how much a finer division changed the moments. */
const change = (before: Moments, { mean, variance }: Moments): number =>
  relative(mean - before.mean, variance - before.variance, variance)

/** By how much the two rules differ on a panel. */
function disagreement(panel: Panel, { mean, variance }: Moments): number {
  const [fine, coarse] = [FINE, COARSE].map(weights => integrals(panel, weights, mean))
  return relative(fine.mean - coarse.mean, fine.variance - coarse.variance, variance)
}

/** Differences of a mean and a variance, of the standard deviation and the variance. */
const relative = (mean: number, square: number, variance: number): number =>
  Math.abs(mean) / Math.sqrt(variance) + Math.abs(square) / variance

const totalOf = (panels: readonly Panel[], share: (panel: Panel) => number): number =>
  panels.reduce((sum, panel) => sum + share(panel), 0)

const refusal = (fault: string) =>
  new ArgumentError(
    `Expected an activation of finite variance for x ~ N(0, 1) but received one ${fault}.`,
  )
