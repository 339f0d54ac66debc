// The shaded area around a line: what the runs or draws behind it spread over.
import { AREA_OPACITY, plottable, type Scale } from './panel.ts'

/** Where the area lies at one place of the horizontal axis. */
export interface BandEdge {
  x: number
  low: number
  high: number
}

/** A series that shades what lies between the edges, in the colour of the line. */
export function bandSeries(
  edges: readonly BandEdge[],
  stroke: string,
  scale: Scale,
  panel = 0,
): object {
  const outline = [
    ...edges.map(({ x, high }) => [x, high]),
    ...edges.map(({ x, low }) => [x, low]).reverse(),
  ]
  return {
    type: 'custom',
    xAxisIndex: panel,
    yAxisIndex: panel,
    silent: true,
    clip: true,
    // The axis takes its range from the data; a log axis cannot show a lower edge at or below 0.
    data: outline.filter(([, y]) => plottable(y!, scale) !== null),
    renderItem: polygonRenderer(outline, stroke),
  }
}

// ECharts asks once for each datum: the first answers with the whole band.
function polygonRenderer(outline: number[][], stroke: string) {
  return (
    params: { dataIndex: number },
    api: { coord: (point: number[]) => number[] },
  ): object | null => {
    if (params.dataIndex > 0) return null
    const points = outline
      .map(point => api.coord(point))
      .filter(point => point.every(Number.isFinite))
    return { type: 'polygon', shape: { points }, style: { fill: stroke, opacity: AREA_OPACITY } }
  }
}
