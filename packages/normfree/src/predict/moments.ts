// What is known of a tensor (N, C, H, W) before it is computed: at every position the moments of its
// elements, over samples and over channels.
import { total } from './correlation.ts'
import { type Grid, POINT } from './grid.ts'
import { type Cell, transformed } from './shape.ts'
import {
  bentTexture,
  PLAIN,
  product as productTexture,
  scaled,
  sum as sumTexture,
  type Texture,
  unbounded,
} from './texture.ts'

/**
 * Moments at every cell of a grid. A channel's mean over samples, there, is modelled as normal among
 * the channels, with `mean` and standard deviation `spread`; where a channel lies in that
 * distribution is the same at all positions.
 */
export interface Moments {
  grid: Grid
  /** Mean over channels of the channels' means. */
  mean: Float64Array
  /** Standard deviation of the channels' means. */
  spread: Float64Array
  /** Mean over channels of the variance within a channel. */
  variance: Float64Array
  texture: Texture
}

/** The same everywhere. */
export const uniform = (grid: Grid, cell: Cell, texture: Texture = PLAIN): Moments => ({
  grid,
  mean: new Float64Array(grid.length).fill(cell.mean),
  spread: new Float64Array(grid.length).fill(cell.spread),
  variance: new Float64Array(grid.length).fill(cell.variance),
  texture,
})

/** Cell by cell; the texture stays. */
export function mapCells(x: Moments, work: (cell: Cell) => Cell): Moments {
  return build(x.grid, i => work(cellAt(x, i)), x.texture)
}

/** Moments whose cell number i is `cell(i)`. */
export function build(
  grid: Grid,
  cell: (index: number) => Cell,
  texture: Texture = PLAIN,
): Moments {
  const y = uniform(grid, { mean: 0, spread: 0, variance: 0 }, texture)
  for (let i = 0; i < grid.length; i++) {
    const { mean, spread, variance } = cell(i)
    y.mean[i] = mean
    y.spread[i] = spread
    y.variance[i] = variance
  }
  return y
}

/** One cell. */
export const cellAt = (x: Moments, index: number): Cell => ({
  mean: x.mean[index],
  spread: x.spread[index],
  variance: x.variance[index],
})

/** The two statistics of a signal propagation plot: means over channels. */
export interface Statistics {
  /** Of the squared mean over samples and positions. */
  squaredMean: number
  /** Of the variance over samples and positions. */
  variance: number
}

/** Statistics over all positions. */
export function statisticsOf({ grid, mean, spread, variance }: Moments): Statistics {
  const squaredMean = grid.average(mean) ** 2 + grid.average(spread) ** 2
  const square = variance.map((each, i) => each + mean[i] ** 2 + spread[i] ** 2)
  return { squaredMean, variance: Math.max(grid.average(square) - squaredMean, 0) }
}

/** Means over all positions, as a tensor without any. */
export const averaged = ({ grid, mean, spread, variance, texture }: Moments): Moments =>
  uniform(POINT, {
    mean: grid.average(mean),
    spread: grid.average(spread),
    // Correlations are estimates: their sum may come out below 0.
    variance: (grid.average(variance) * Math.max(total(texture.correlation), 0)) / grid.positions,
  })

/**
 * Less each channel's mean over samples and positions. By what a channel's mean differs from place to
 * place is variance now.
 */
export function centred(x: Moments): Moments {
  const { mean, spread } = typicalCell(x)
  const cell = (i: number): Cell => ({
    mean: x.mean[i] - mean,
    spread: 0,
    variance: x.variance[i] + (x.spread[i] - spread) ** 2,
  })
  return build(x.grid, cell, unbounded(x.texture))
}

/** Channels of several kinds on one grid, each with its share of all. The first gives the texture. */
export function mixed(parts: readonly { share: number; moments: Moments }[]): Moments {
  const over = (pick: (moments: Moments) => number) =>
    parts.reduce((sum, { share, moments }) => sum + share * pick(moments), 0)
  const { grid, texture } = parts[0].moments
  const least = Math.min(...parts.map(({ moments }) => moments.texture.least))
  const cell = (i: number): Cell => {
    const mean = over(moments => moments.mean[i])
    const square = over(moments => moments.mean[i] ** 2 + moments.spread[i] ** 2)
    return {
      mean,
      spread: Math.sqrt(Math.max(square - mean ** 2, 0)),
      variance: over(moments => moments.variance[i]),
    }
  }
  return build(grid, cell, { ...texture, least })
}

/** What x amounts to on the whole, by the mean of its cells. */
const typicalCell = ({ grid, mean, spread, variance }: Moments): Cell => ({
  mean: grid.average(mean),
  spread: grid.average(spread),
  variance: grid.average(variance),
})

/** Two tensors on one grid: one without positions stands at every one of the other's. */
function paired(
  x: Moments,
  y: Moments,
  texture: Texture,
  work: (x: Cell, y: Cell) => Cell,
): Moments {
  const { grid } = y.grid === POINT ? x : y
  const at = (moments: Moments, i: number) => cellAt(moments, moments.grid === POINT ? 0 : i)
  return build(grid, i => work(at(x, i), at(y, i)), texture)
}

/** x + factor y, independent. */
export function sum(x: Moments, y: Moments, factor = 1): Moments {
  const [own, other] = [x, y].map(each => each.grid.average(each.variance))
  const share = own / (own + factor ** 2 * other)
  const texture = sumTexture(x.texture, scaled(y.texture, factor, 0), share)
  return paired(x, y, texture, (left, right) => ({
    mean: left.mean + factor * right.mean,
    spread: Math.hypot(left.spread, factor * right.spread),
    variance: left.variance + factor ** 2 * right.variance,
  }))
}

/** x y, independent; its texture is that of the factor that varies more. */
export function product(x: Moments, y: Moments): Moments {
  const [first, second] = [x, y].map(typicalCell)
  const variation = ({ mean, spread, variance }: Cell) => variance / (mean ** 2 + spread ** 2)
  const [main, gate] = variation(second) > variation(first) ? [y, x] : [x, y]
  const texture = productTexture(main.texture, gate.texture)
  return paired(x, y, texture, (left, right) => {
    const squares = [left, right].map(({ mean, spread }) => mean ** 2 + spread ** 2)
    const mean = left.mean * right.mean
    const squaredMean = squares[0] * squares[1]
    return {
      mean,
      spread: Math.sqrt(Math.max(squaredMean - mean ** 2, 0)),
      variance: (squares[0] + left.variance) * (squares[1] + right.variance) - squaredMean,
    }
  })
}

/** slope x + offset */
export const affine = (x: Moments, slope: number, offset: number): Moments => ({
  ...mapCells(x, ({ mean, spread, variance }) => ({
    mean: slope * mean + offset,
    spread: Math.abs(slope) * spread,
    variance: slope ** 2 * variance,
  })),
  texture: scaled(x.texture, slope, offset),
})

/**
 * f of every element. Cells whose moments differ by a scale alone (to about one percent in shape)
 * share one quadrature, scaled: exact for functions like relu, and to first order for others.
 */
export function bent(x: Moments, f: (x: number) => number): Moments {
  const texture = bentTexture(x.texture, f, typicalCell(x))
  if (texture === x.texture) return x
  const shared = new Map<string, { variance: number; y: Cell }>()
  const y = mapCells(x, cell => {
    const key = proportions(cell)
    const known = shared.get(key)
    if (known) return rescaled(known.y, cell.variance / known.variance)
    const y = transformed(f, cell, x.texture.shape)
    shared.set(key, { variance: cell.variance, y })
    return y
  })
  return { ...y, texture }
}

/** Variance and how far the means are from 0, in steps of 1/128. */
function proportions({ mean, spread, variance }: Cell): string {
  const deviation = Math.sqrt(variance)
  if (!(deviation > 0)) return `${mean} ${spread}`
  const parts = [Math.log(variance), mean / deviation, spread / deviation]
  return parts.map(part => Math.round(128 * part)).join(' ')
}

function rescaled({ mean, spread, variance }: Cell, factor: number): Cell {
  if (!(factor > 0)) return { mean, spread, variance }
  const scale = Math.sqrt(factor)
  return { mean: mean * scale, spread: spread * scale, variance: variance * factor }
}
