// How a score depends on one setting: lines of the other settings, with a band over the seeds and a
// cross where one diverged. The line of a place in the list has the colour of that place, and the
// page around the chart names it.
import type { Sensitivity, StepsToScore, SweepLine } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { type BandEdge, bandSeries } from './band.ts'
import { seriesColor } from './colors.ts'
import { axisName, type LevelScale, levelAxis, placeOf } from './level-axis.ts'
import { crossMarks, markSeries } from './marks.ts'
import { percentTick, tick } from './numbers.ts'
import { canvas, panelGrid, panelTitle, valueAxis } from './panel.ts'

/** One line to draw, in the units of the axes. */
interface Curve {
  points: { x: number; y: number }[]
  band: BandEdge[]
  /** Places along the horizontal axis with a cross. */
  crosses: number[]
}

/**
 * The score against one factor: the mean over the seeds with ± one sample standard deviation.
 *
 * @returns an ECharts option for `renderSvg`, made for 520 x 360 px or wider
 */
export function sensitivityPlot({ factor, scale, lines }: Sensitivity): EChartsCoreOption {
  return curvesOver({
    title: `Test accuracy against ${factor}`,
    name: axisName(factor, scale),
    levels: levelsOf(lines),
    scale,
    y: { ...valueAxis('value', 0, percentTick), scale: true },
    curves: lines.map(line => scoreCurve(line, scale)),
  })
}

function scoreCurve({ points }: SweepLine, scale: LevelScale): Curve {
  const scored = points.flatMap(({ value, score }) =>
    score ? [{ x: placeOf(value, scale), score }] : [],
  )
  return {
    points: scored.map(({ x, score }) => ({ x, y: score.mean })),
    band: scored.flatMap(({ x, score: { mean, standardDeviation } }) =>
      standardDeviation === null
        ? []
        : { x, low: mean - standardDeviation, high: mean + standardDeviation },
    ),
    crosses: points.flatMap(({ value, diverged }) => (diverged > 0 ? placeOf(value, scale) : [])),
  }
}

/**
 * The steps to a score against the batch size, both on logarithmic axes. The line is the first
 * evaluation at or above the score, the band reaches down to the one before it.
 *
 * @returns an ECharts option for `renderSvg`, made for 520 x 360 px or wider
 */
export function stepsPlot({ score, lines }: StepsToScore): EChartsCoreOption {
  const steps = valueAxis('log', 0, tick)
  const lowest = Math.min(...lines.flatMap(({ points }) => points.map(({ by }) => by))) / 2
  return curvesOver({
    title: `Steps to ${percentTick(score)} test accuracy (log scale)`,
    name: axisName('batchSize', 'log'),
    levels: [
      ...new Set(lines.flatMap(({ points }) => points.map(({ batchSize }) => batchSize))),
    ].sort((a, b) => a - b),
    scale: 'log',
    y: { ...steps, min: lowest, axisLabel: { ...steps.axisLabel, showMinLabel: false } },
    curves: lines.map(({ points }) => ({
      points: points.map(({ batchSize, by }) => ({ x: placeOf(batchSize, 'log'), y: by })),
      // A score that the first evaluation was above began at step 0, which no log axis has.
      band: points.map(({ batchSize, after, by }) => ({
        x: placeOf(batchSize, 'log'),
        low: Math.max(after, lowest),
        high: by,
      })),
      crosses: [],
    })),
  })
}

interface Chart {
  title: string
  name: string
  levels: readonly number[]
  scale: LevelScale
  y: object
  curves: readonly Curve[]
}

function curvesOver({ title, name, levels, scale, y, curves }: Chart): EChartsCoreOption {
  return {
    ...canvas,
    title: panelTitle(title, { top: 10, height: 20 }),
    grid: { ...panelGrid({ top: 44, height: 'auto' }), bottom: 52 },
    xAxis: levelAxis(name, levels, scale),
    yAxis: y,
    series: [...curves.flatMap(curveSeries), crossSeries(curves)],
  }
}

function curveSeries({ points, band }: Curve, index: number): object[] {
  const stroke = seriesColor(index)
  return [
    bandSeries(band, stroke, 'value'),
    {
      type: 'line',
      silent: true,
      symbol: 'circle',
      symbolSize: 6,
      showAllSymbol: true,
      z: 3,
      lineStyle: { color: stroke, width: 2 },
      itemStyle: { color: stroke, borderWidth: 0 },
      data: points.map(({ x, y }) => [x, y]),
    },
  ]
}

// Along the foot of the panel, the crosses of several lines above each other.
function crossSeries(curves: readonly Curve[]): object {
  const heights = new Map<number, number>()
  const [first] = curves.flatMap(curve => curve.points)
  const crosses = curves.flatMap((curve, index) =>
    curve.crosses.map(x => {
      const height = heights.get(x) ?? 0
      heights.set(x, height + 1)
      return { x, height, stroke: seriesColor(index) }
    }),
  )
  return markSeries(
    crosses,
    ({ x }) => [x, first?.y ?? 0],
    ({ x, height, stroke }, { at, panel }) =>
      crossMarks([at(x, first?.y ?? 0)[0], panel.y + panel.height - 8 - 12 * height], stroke),
  )
}

function levelsOf(lines: readonly SweepLine[]): number[] {
  return [...new Set(lines.flatMap(({ points }) => points.map(({ value }) => value)))].sort(
    (a, b) => a - b,
  )
}
