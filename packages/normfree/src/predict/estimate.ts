// A tensor of the pass as the rules of operators see it.
import { Tensor } from '@normfree/torch'
import { WHITE } from './correlation.ts'
import { Axis, Grid, POINT } from './grid.ts'
import { affine, bent, type Moments, mixed, statisticsOf, uniform } from './moments.ts'
import { PLAIN } from './texture.ts'

/** A function of single elements. */
export interface Bend {
  of(x: number): number
  /** Where it is slope x + offset, for which no quadrature is needed. */
  line: { slope: number; offset: number } | null
}

const IDENTITY: Bend = { of: x => x, line: { slope: 1, offset: 0 } }

/** slope x + offset, as a function of single elements. */
export const line = (slope: number, offset: number): Bend => ({
  of: x => slope * x + offset,
  line: { slope, offset },
})

/** A function that is no line. */
export const curve = (of: (x: number) => number): Bend => ({ of, line: null })

/** A function of elements whose moments are known; it is integrated when its own are asked for. */
export class Estimate {
  readonly base: Moments
  readonly bend: Bend
  #moments: Moments | undefined

  constructor(base: Moments, bend: Bend = IDENTITY) {
    this.base = base
    this.bend = bend
  }

  get moments(): Moments {
    const { base, bend } = this
    if (bend === IDENTITY) return base
    this.#moments ??= bend.line
      ? affine(base, bend.line.slope, bend.line.offset)
      : bent(base, bend.of)
    return this.#moments
  }

  /** g of every element. */
  map(g: Bend): Estimate {
    const { of, line: first } = this.bend
    if (first && g.line) {
      const { slope, offset } = g.line
      return new Estimate(this.base, line(slope * first.slope, slope * first.offset + offset))
    }
    return new Estimate(
      this.base,
      curve(x => g.of(of(x))),
    )
  }

  /** Elements like these that have nothing to do with them. */
  apart(): Estimate {
    return new Estimate({ ...this.moments })
  }

  /** What both make of one element, where they are functions of the same; null where not. */
  with(other: Estimate, join: (x: number, y: number) => number): Estimate | null {
    if (this.base !== other.base) return null
    const [f, g] = [this.bend, other.bend]
    return new Estimate(
      this.base,
      curve(x => join(f.of(x), g.of(x))),
    )
  }
}

/** Some of the channels. */
interface Part {
  /** Of all channels. */
  share: number
  estimate: Estimate
}

/** Channels of several kinds, such as those that zeros were added to; as one they are their mean. */
export class Mixture extends Estimate {
  readonly parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    super(mixed(parts.map(({ share, estimate }) => ({ share, moments: estimate.moments }))))
    this.parts = parts
  }

  /** What becomes of each kind. */
  each(work: (estimate: Estimate) => Estimate): Mixture {
    return new Mixture(
      this.parts.map(({ share, estimate }) => ({ share, estimate: work(estimate) })),
    )
  }

  override map(g: Bend): Estimate {
    return this.each(estimate => estimate.map(g))
  }

  override apart(): Estimate {
    return this.each(estimate => estimate.apart())
  }

  override with(other: Estimate, join: (x: number, y: number) => number): Estimate | null {
    if (!(other instanceof Mixture) || other.parts.length !== this.parts.length) return null
    const joined = this.parts.flatMap(({ share, estimate }, i) => {
      const both = estimate.with(other.parts[i].estimate, join)
      return both ? [{ share, estimate: both }] : []
    })
    return joined.length === this.parts.length ? new Mixture(joined) : null
  }
}

/** A tensor that depends on the input. */
export interface Operand {
  estimate: Estimate
  shape: readonly number[]
}

/** One call of an operator, beside its arguments. */
export interface Call {
  /** Shape of what came out: of the first, where there are several. */
  shape: readonly number[]
  /** Neighbours are equal and images have no borders. */
  smooth: boolean
  /** The kernel that is meant by a weight: the standardized one, where a module standardizes it. */
  kernelOf(weight: Tensor): Tensor
}

/**
 * What is known of what an operator puts out, given its arguments in schema order. Throws Unpredicted for
 * a form that it does not describe.
 */
export type Rule = (call: Call, ...args: never[]) => Estimate

/** By operator, `add.Tensor`. */
export type Rules = Readonly<Record<string, Rule>>

/** A form of an operator that no rule describes. */
export class Unpredicted extends Error {
  override name = 'Unpredicted'
}

export const isOperand = (value: unknown): value is Operand =>
  typeof value === 'object' && value !== null && 'estimate' in value

/** The positions of a tensor (N, C, H, W); of any other, one. */
export function gridOf(shape: readonly number[], smooth: boolean): Grid {
  const [height, width] = shape.slice(2)
  if (shape.length !== 4 || height * width === 1) return POINT
  return new Grid(new Axis(height, smooth), new Axis(width, smooth))
}

/**
 * What is known of a tensor of that shape made of the same elements: what is known of positions stays
 * where these stay.
 */
export function reshaped(estimate: Estimate, shape: readonly number[], smooth: boolean): Estimate {
  const { grid } = estimate.base
  const to = gridOf(shape, smooth)
  if (grid.height.size === to.height.size && grid.width.size === to.width.size) return estimate
  const { moments } = estimate
  const { squaredMean, variance } = statisticsOf(moments)
  const mean = grid.average(moments.mean)
  const spread = Math.sqrt(Math.max(squaredMean - mean ** 2, 0))
  return new Estimate(
    uniform(to, { mean, spread, variance }, { ...moments.texture, correlation: WHITE }),
  )
}

/** A tensor that does not depend on the input, as values of channels. */
export function constantEstimate(value: unknown): Estimate {
  const tensor = constant(value)
  if (tensor.numel === 0) throw new Unpredicted('a value made anew for each sample')
  const values = tensor.detach().to('float64')
  const mean = values.mean().item()
  const square = values.square().mean().item()
  const spread = Math.sqrt(Math.max(square - mean ** 2, 0))
  const least = values.min().item()
  return new Estimate(uniform(POINT, { mean, spread, variance: 0 }, { ...PLAIN, least }))
}

/** A tensor that does not depend on the input. */
export function constant(value: unknown): Tensor {
  if (value instanceof Tensor) return value
  throw new Unpredicted('a weight that depends on the input')
}
