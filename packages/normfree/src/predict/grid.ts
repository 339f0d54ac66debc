// Positions of an image as few cells: borders matter to a signal (zero padding takes its share there),
// the inside is all alike. So every side keeps its outermost positions apart and one cell for the rest.

/** Positions at each end of a side that are looked at one by one. */
const EDGE = 8

/** One side of an image, cut into cells. */
export class Axis {
  /** Positions. */
  readonly size: number
  readonly cells: number
  /** Whether the side is one cell without ends: what lies outside is as what lies inside. */
  readonly endless: boolean

  constructor(size: number, endless = false) {
    this.size = size
    this.endless = endless
    this.cells = endless ? 1 : Math.min(size, 2 * EDGE + 1)
  }

  /** How many positions a cell stands for. */
  weight(cell: number): number {
    return this.cells < this.size && cell === this.#middle ? this.size - this.cells + 1 : 1
  }

  /** A position in the cell. */
  positionOf(cell: number): number {
    if (this.cells === this.size || cell < this.#middle) return cell
    return cell === this.#middle ? Math.floor(this.size / 2) : cell - this.cells + this.size
  }

  /** The cell of a position, -1 outside. */
  cellOf(position: number): number {
    if (this.endless) return 0
    if (position < 0 || position >= this.size) return -1
    if (this.cells === this.size || position < EDGE) return position
    return Math.max(this.#middle, position - this.size + this.cells)
  }

  get #middle(): number {
    return this.endless ? 0 : EDGE
  }
}

/** The positions of an image: cells in rows. */
export class Grid {
  readonly height: Axis
  readonly width: Axis
  /** Share of the positions that each cell stands for; they sum to 1. */
  readonly weights: Float64Array

  constructor(height: Axis, width: Axis) {
    this.height = height
    this.width = width
    this.weights = Float64Array.from({ length: height.cells * width.cells }, (_, cell) => {
      const [row, column] = [Math.floor(cell / width.cells), cell % width.cells]
      return (height.weight(row) / height.size) * (width.weight(column) / width.size)
    })
  }

  /** Cells. */
  get length(): number {
    return this.weights.length
  }

  /** Positions. */
  get positions(): number {
    return this.height.size * this.width.size
  }

  /** Mean over positions. */
  average(values: ArrayLike<number>): number {
    return this.weights.reduce((sum, weight, cell) => sum + weight * values[cell], 0)
  }
}

/** Of a tensor without positions. */
export const POINT = new Grid(new Axis(1), new Axis(1))

/** How a window moves along one side. */
export interface Slide {
  kernel: number
  stride: number
  padding: number
  dilation: number
}

/**
 * Which cell of `from` lies under each tap of a window, for every cell of `to`: cell by cell, tap by
 * tap in rows; -1 outside.
 */
export function cellsUnder(from: Grid, to: Grid, rows: Slide, columns: Slide): Int32Array {
  const [under, across] = [
    tapsAlong(from.height, to.height, rows),
    tapsAlong(from.width, to.width, columns),
  ]
  const cells = under.flatMap(row =>
    across.flatMap(column =>
      row.flatMap(y => column.map(x => (y < 0 || x < 0 ? -1 : y * from.width.cells + x))),
    ),
  )
  return Int32Array.from(cells)
}

const tapsAlong = (from: Axis, to: Axis, { kernel, stride, padding, dilation }: Slide) =>
  Array.from({ length: to.cells }, (_, cell) =>
    Array.from({ length: kernel }, (_, tap) =>
      from.cellOf(to.positionOf(cell) * stride - padding + tap * dilation),
    ),
  )
