// Signal propagation plots, in the manner of Brock, De & Smith (2021), "Characterizing signal
// propagation to close the performance gap in unnormalized ResNets", figures 1 to 11.
import type { SignalRecord, SignalTap } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { color } from './colors.ts'
import {
  canvas,
  colorsByName,
  indexAxis,
  type LegendEntry,
  type LegendOption,
  legend,
  legendRows,
  type PanelBox,
  panelGrid,
  panelTitle,
  plottable,
  type Scale,
  scaleOf,
  valueAxis,
} from './panel.ts'

/** The three statistics, in the order of the panels. */
export const signalStatistics = [
  {
    key: 'channelSquaredMean',
    title: 'Average channel squared mean',
    short: 'channel squared mean',
  },
  { key: 'channelVariance', title: 'Average channel variance', short: 'channel variance' },
  {
    key: 'residualVariance',
    title: 'Residual branch: average channel variance',
    short: 'residual branch variance',
  },
] as const

/** One of the three. */
export type SignalStatistic = (typeof signalStatistics)[number]['key']

/** Settings of {@link signalPlot}. */
export interface SignalPlotOptions extends LegendOption {
  /** Every name of the page, so that a name keeps its colour in all charts. Default: the models. */
  variants?: readonly string[]
  /** Of all panels. Default: logarithmic where a variance spans more than a factor of 100. */
  scale?: Scale
}

/**
 * The signal propagation plot of one or several models: three panels over the block index.
 *
 * A colour is a model; the dashed line over a measured variance is the predicted one; black dots
 * mark the ends of stages. All panels become logarithmic together where a variance spans more than a
 * factor of 100 or overflows. Values that are not finite leave a gap, and the legend says where
 * they begin.
 *
 * @returns an ECharts option for `renderSvg`, made for 800 x 760 px
 */
export function signalPlot(
  signals: readonly SignalRecord[],
  options: SignalPlotOptions = {},
): EChartsCoreOption {
  const colorOf = colorsByName(options.variants ?? signals.map(signal => signal.model))
  const scale = options.scale ?? signalScale(signals)
  const lastIndex = Math.max(...signals.flatMap(({ taps }) => taps.map(tap => tap.index)))
  const entries = options.legend === false ? [] : legendEntries(signals, colorOf)
  const boxes = panelBoxes(legendRows(entries, 800))
  const guide = legend(entries)
  return {
    ...canvas,
    legend: guide.legend,
    title: signalStatistics.map(({ title }, panel) => panelTitle(title, boxes[panel]!.title)),
    grid: boxes.map(box => panelGrid(box.plot)),
    xAxis: signalStatistics.map((_, panel) =>
      indexAxis(panel === 2 ? 'block (0 is the stem)' : '', lastIndex, panel),
    ),
    yAxis: signalStatistics.map(({ key }, panel) => ({
      ...valueAxis(scale, panel),
      ...(scale === 'log' && { min: logFloor(signals, key) }),
    })),
    series: [
      ...guide.series,
      ...signals.flatMap(signal => measuredLines(signal, colorOf(signal.model), scale)),
      ...signals.filter(isPredicted).map(signal => predictedLine(signal, scale)),
    ],
  }
}

function legendEntries(
  signals: readonly SignalRecord[],
  colorOf: (name: string) => string,
): LegendEntry[] {
  const entries: LegendEntry[] = signals.map(signal => ({
    name: labelOf(signal),
    color: colorOf(signal.model),
  }))
  if (signals.some(isPredicted)) {
    entries.push({ name: 'predicted', style: 'dashed', color: color('ink') })
  }
  return [...entries, { name: 'end of a stage', style: 'dot', color: color('ink') }]
}

/** Logarithmic where a variance spans more than a factor of 100, or overflows. */
export function signalScale(signals: readonly SignalRecord[]): Scale {
  if (signals.some(signal => overflowOf(signal) !== null)) return 'log'
  return scaleOf(signals.flatMap(({ taps }) => taps.map(tap => tap.channelVariance)))
}

/** The name of the model and, where its signal overflows, from where on. */
export function labelOf(signal: SignalRecord): string {
  return [signal.model, overflowOf(signal) ?? []].flat().join(', ')
}

/** Where a signal stops being finite, in words; null where it never does. */
export function overflowOf({ taps }: SignalRecord): string | null {
  const first = taps.find(tap => !Number.isFinite(tap.channelVariance))
  return first === undefined ? null : `not finite from block ${first.index} on`
}

function measuredLines(signal: SignalRecord, stroke: string, scale: Scale) {
  return signalStatistics.map(({ key }, panel) => ({
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    silent: true,
    z: 3,
    symbol: 'circle',
    showAllSymbol: true,
    lineStyle: { color: stroke, width: 2 },
    data: signal.taps.map(tap => point(tap, key, stroke, scale)),
  }))
}

function predictedLine(signal: SignalRecord, scale: Scale) {
  return {
    type: 'line',
    xAxisIndex: 1,
    yAxisIndex: 1,
    showSymbol: false,
    silent: true,
    z: 4, // above the measured line, which it ought to cover
    lineStyle: { color: color('ink'), width: 1.25, type: [4, 4] },
    data: signal.taps.map(tap => [tap.index, plottable(tap.predictedVariance, scale)]),
  }
}

/** Whether theory says anything about the model. */
export function isPredicted({ taps }: SignalRecord): boolean {
  return taps.some(tap => tap.predictedVariance !== null)
}

function point(tap: SignalTap, key: SignalStatistic, stroke: string, scale: Scale) {
  return {
    value: [tap.index, plottable(tap[key], scale)],
    symbolSize: tap.stageEnd ? 7 : 4,
    itemStyle: { color: tap.stageEnd ? color('ink') : stroke, borderWidth: 0 },
  }
}

// A squared mean a thousand times below the smallest variance is zero for every purpose, and would
// otherwise stretch its panel down to rounding errors.
function logFloor(signals: readonly SignalRecord[], key: SignalStatistic): number {
  const least = (of: SignalStatistic) =>
    Math.min(...signals.flatMap(({ taps }) => taps.flatMap(tap => plottable(tap[of], 'log') ?? [])))
  const floor = Math.max(least(key), least('channelVariance') / 1000)
  return Number.isFinite(floor) ? 10 ** Math.floor(Math.log10(floor)) : 1 // 1: an empty panel
}

// In percentages, so that the panels fill an image of any height.
function panelBoxes(rows: number): { title: PanelBox; plot: PanelBox }[] {
  const first = 1 + 4 * rows
  const pitch = (98 - first) / 3
  return signalStatistics.map((_, panel) => ({
    title: { top: `${first + panel * pitch}%`, height: '3%' },
    plot: { top: `${first + panel * pitch + 4}%`, height: `${pitch - 9}%` },
  }))
}
