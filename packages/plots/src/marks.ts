// Marks that ECharts has no series for, drawn one for each datum: shapes, texts, crosses.
import { canvas } from './panel.ts'

const { fontFamily } = canvas.textStyle

/** A shape of ECharts' renderer; places in pixels. */
export interface Mark {
  type: 'rect' | 'text' | 'line' | 'polyline' | 'circle'
  shape?: object
  style?: object
  x?: number
  y?: number
  silent?: boolean
}

/** What a mark is placed by. */
export interface MarkSpace {
  /** Data to pixels. */
  at: (x: number, y: number) => readonly [x: number, y: number]
  /** Pixels of the panel. */
  panel: { x: number; y: number; width: number; height: number }
}

/**
 * A series that draws `marks` of each item. `place` gives the point of an item that the axes must
 * hold; marks may lie outside of the panel.
 */
export function markSeries<T>(
  items: readonly T[],
  place: (item: T) => readonly [x: number, y: number],
  marks: (item: T, space: MarkSpace) => Mark[],
  panel = 0,
): object {
  return {
    type: 'custom',
    xAxisIndex: panel,
    yAxisIndex: panel,
    silent: true,
    clip: false,
    z: 4,
    data: items.map(place),
    renderItem: (
      params: { dataIndex: number; coordSys: MarkSpace['panel'] },
      api: { coord: (point: number[]) => readonly [number, number] },
    ) => ({
      type: 'group',
      children: marks(items[params.dataIndex]!, {
        at: (x, y) => api.coord([x, y]),
        panel: params.coordSys,
      }),
    }),
  }
}

/** Text around a point. */
export function textMark(
  text: string,
  [x, y]: readonly [x: number, y: number],
  style: object,
): Mark {
  return {
    type: 'text',
    x,
    y,
    style: { text, align: 'center', verticalAlign: 'middle', fontSize: 12, fontFamily, ...style },
  }
}

/** A diagonal cross: the sign of a run that diverged. */
export function crossMarks(
  [x, y]: readonly [x: number, y: number],
  stroke: string,
  size = 4,
): Mark[] {
  const style = { stroke, lineWidth: 2 }
  return [
    { type: 'line', shape: { x1: x - size, y1: y - size, x2: x + size, y2: y + size }, style },
    { type: 'line', shape: { x1: x - size, y1: y + size, x2: x + size, y2: y - size }, style },
  ]
}
