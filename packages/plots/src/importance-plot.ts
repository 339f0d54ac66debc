// Which settings matter: permutation importance and linear correlation of each, side by side.
import type { FactorAnalysis, FactorEffect } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { color, seriesColor } from './colors.ts'
import { type Mark, type MarkSpace, markSeries, textMark } from './marks.ts'
import { tick } from './numbers.ts'
import { canvas, panelTitle, valueAxis } from './panel.ts'

/** Pixels that {@link importancePlot} needs. */
export function importanceSize({ factors }: FactorAnalysis): { width: number; height: number } {
  return { width: 880, height: 100 + 40 * factors.length }
}

/** What a bar shows of a factor. */
interface Bar {
  value: number | null
  /** Of its whisker. */
  deviation: number
  text: string
  fill: string
}

/**
 * One row a factor, the most important above: left the loss of out-of-bag R2 when the factor is
 * shuffled, with ± one standard deviation over the shuffles; right Pearson's correlation.
 *
 * @returns an ECharts option for `renderSvg`, in the size that `importanceSize` gives
 */
export function importancePlot(analysis: FactorAnalysis): EChartsCoreOption {
  const { factors } = analysis
  const importances = factors.map(importanceBar)
  const most = Math.max(0, ...importances.map(bar => (bar.value ?? 0) + bar.deviation))
  const least = Math.min(0, ...importances.map(bar => (bar.value ?? 0) - bar.deviation))
  const left = { left: 200, width: 290, top: 44, bottom: 52 }
  return {
    ...canvas,
    title: [
      panelTitle('Importance', { top: 10, height: 20 }),
      { ...panelTitle('Correlation with test accuracy', { top: 10, height: 20 }), left: 560 },
    ].map((title, index) => (index === 0 ? { ...title, left: left.left } : title)),
    grid: [left, { left: 560, right: 60, top: 44, bottom: 52 }],
    xAxis: [
      barAxis('loss of out-of-bag R\u00b2 when shuffled', least, most || 1, 0),
      barAxis("Pearson's r", -1, 1, 1),
    ],
    yAxis: [factorAxis(factors, 0), { ...factorAxis(factors, 1), axisLabel: { show: false } }],
    series: [barSeries(importances, 0), barSeries(factors.map(correlationBar), 1)],
  }
}

function importanceBar({ importance }: FactorEffect): Bar {
  if (!importance) return { value: null, deviation: 0, text: 'withheld', fill: color('muted') }
  const { mean, standardDeviation } = importance
  const text = `${fixed(mean)} \u00b1 ${fixed(standardDeviation)}`
  return { value: mean, deviation: standardDeviation, text, fill: seriesColor(0) }
}

function correlationBar({ pearson }: FactorEffect): Bar {
  if (pearson === null) return { value: null, deviation: 0, text: 'no order', fill: color('muted') }
  const text = `${pearson > 0 ? '+' : ''}${fixed(pearson)}`
  return { value: pearson, deviation: 0, text, fill: seriesColor(pearson < 0 ? 1 : 0) }
}

/** Two decimals, and no minus before zero. */
const fixed = (value: number) => value.toFixed(2).replace(/^-(0\.00)$/, '$1')

function barSeries(bars: readonly Bar[], panel: number): object {
  const items = bars.map((bar, row) => ({ ...bar, row }))
  return markSeries(
    items,
    ({ value, row }) => [value ?? 0, row],
    (bar, space) => barMarks(bar, bar.row, panel, space),
    panel,
  )
}

function barMarks(
  { value, deviation, text, fill }: Bar,
  row: number,
  panel: number,
  { at }: MarkSpace,
): Mark[] {
  const [zero, y] = at(0, row)
  const ink = color('ink')
  if (value === null)
    return [textMark(text, [zero + 6, y], { fill: color('muted'), align: 'left' })]
  const [end] = at(value, row)
  const [from, to] = [at(value - deviation, row)[0], at(value + deviation, row)[0]]
  // On the left of the importances are the names.
  const isLeft = value < 0 && panel === 1
  const label = isLeft ? Math.min(from, end) - 6 : Math.max(to, end, zero) + 6
  const bar = { x: Math.min(zero, end), y: y - 9, width: Math.abs(end - zero), height: 18 }
  return [
    { type: 'rect', shape: bar, style: { fill } },
    {
      type: 'line',
      shape: { x1: from, y1: y, x2: to, y2: y },
      style: { stroke: ink, lineWidth: 1.5 },
    },
    {
      type: 'line',
      shape: { x1: zero, y1: y - 15, x2: zero, y2: y + 15 },
      style: { stroke: color('muted') },
    },
    textMark(text, [label, y], { fill: ink, align: isLeft ? 'right' : 'left' }),
  ]
}

// Room for the numbers behind the bars.
function barAxis(name: string, low: number, high: number, panel: number) {
  return {
    ...valueAxis('value', panel, tick),
    min: low,
    max: panel === 0 ? high * 1.35 : high,
    splitNumber: 3,
    name,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: color('muted'), fontSize: 13 },
    ...(panel === 0 && { axisLabel: roundLabels }),
  }
}

const roundLabels = {
  color: color('muted'),
  fontSize: 12,
  showMaxLabel: false,
  showMinLabel: false,
  formatter: (value: number) => tick(Number(value.toFixed(2))),
}

function factorAxis(factors: readonly FactorEffect[], panel: number) {
  return {
    type: 'category',
    gridIndex: panel,
    inverse: true,
    data: factors.map(({ key }) => key),
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: color('ink'), fontSize: 13, interval: 0, width: 180, overflow: 'truncate' },
  }
}
