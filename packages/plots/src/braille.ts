// A grid of terminal cells in which lines are drawn with braille dots, two across and four down in
// each cell, and single characters are put on top. It knows neither data nor colours.

// The bit of each dot, by row and column: Unicode numbers the lowest row after the others.
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const
const BLANK_PATTERN = 0x2800

interface Cell {
  text: string
  dots: number
  style: number | null
}

/** Finishes the text of one cell, e.g. with a colour; `style` is what it was drawn with. */
export type Paint = (text: string, style: number | null) => string

/** Cells, drawn on by dot coordinates: x to the right, y down, both from 0. */
export class BrailleGrid {
  readonly width: number
  readonly height: number
  readonly #cells: Cell[][]

  constructor(columns: number, rows: number) {
    this.width = columns * 2
    this.height = rows * 4
    this.#cells = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => ({ text: '', dots: 0, style: null })),
    )
  }

  /** A line; with a `gap` of n only every n-th dot is drawn. */
  line([x0, y0]: Dot, [x1, y1]: Dot, style: number, gap = 1): void {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
    for (let step = 0; step <= steps; step += 1) {
      const x = Math.round(x0 + ((x1 - x0) * step) / steps)
      const y = Math.round(y0 + ((y1 - y0) * step) / steps)
      if (x % gap === 0) this.#dot(x, y, style)
    }
  }

  /** One character in the cell of a dot, in front of all lines. */
  mark([x, y]: Dot, text: string, style: number | null): void {
    const cell = this.#cells[y >> 2]?.[x >> 1]
    if (cell) Object.assign(cell, { text, style })
  }

  rows(paint: Paint): string[] {
    return this.#cells.map(row => row.map(cell => paint(characterOf(cell), cell.style)).join(''))
  }

  #dot(x: number, y: number, style: number): void {
    const cell = this.#cells[y >> 2]?.[x >> 1]
    if (cell?.text !== '') return
    cell.dots |= DOTS[y & 3]![x & 1]!
    cell.style = style
  }
}

/** Dot coordinates. */
export type Dot = readonly [x: number, y: number]

function characterOf({ text, dots }: Cell): string {
  if (text !== '') return text
  return dots === 0 ? ' ' : String.fromCodePoint(BLANK_PATTERN + dots)
}
