// Signal propagation plots, in the manner of Brock, De & Smith (2021), "Characterizing signal
// propagation to close the performance gap in unnormalized ResNets", figures 1 to 11.
import type { SignalRecord, SignalTap, TapStatistic } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { type BandEdge, bandSeries } from './band.ts'
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
import { isOffPlan, isPredicted, predictedOf } from './signal-prediction.ts'
import { isByLayer, isOfSignal, type SignalStatistic, statisticsOf } from './signal-statistics.ts'

/** The size that a plot of these signals is laid out for, in pixels. */
export function signalPlotSize(signals: readonly SignalRecord[]): {
  width: number
  height: number
} {
  const panels = statisticsOf(signals).length
  return { width: WIDTH, height: panels <= 3 ? BASE_HEIGHT : 64 + 232 * panels }
}

const WIDTH = 800
const BASE_HEIGHT = 760

/** Settings of {@link signalPlot}. */
export interface SignalPlotOptions extends LegendOption {
  /** Every name of the page, so that a name keeps its colour in all charts. Default: the models. */
  variants?: readonly string[]
}

/**
 * The signal propagation plot of one or several models: a panel over the block index for each statistic
 * that was measured, the three of the papers first.
 *
 * A colour is a model, its shade what the draws spread over; the dashed line over a measured one is
 * predicted; a dotted one is the variance that the family plans with, where the two are more than a
 * tenth apart; black dots mark the ends of stages. The first three panels become logarithmic
 * together where a variance spans more than a factor of 100 or overflows, the others each for itself.
 * Values that are not finite leave a gap, and the legend says where they begin.
 *
 * @returns an ECharts option for `renderSvg`, made for {@link signalPlotSize}
 */
export function signalPlot(
  signals: readonly SignalRecord[],
  options: SignalPlotOptions = {},
): EChartsCoreOption {
  const colorOf = colorsByName(options.variants ?? signals.map(signal => signal.model))
  const lastIndex = Math.max(...signals.flatMap(({ taps }) => taps.map(tap => tap.index)))
  const entries = options.legend === false ? [] : legendEntries(signals, colorOf)
  const panels = panelsOf(signals)
  const boxes = panelBoxes(
    legendRows(entries, WIDTH),
    panels.length,
    signalPlotSize(signals).height,
  )
  const guide = legend(entries)
  const horizontal = isByLayer(signals) ? 'layer (0 is the input)' : 'block (0 is the stem)'
  return {
    ...canvas,
    legend: guide.legend,
    title: panels.map(({ title }, panel) => panelTitle(title, boxes[panel]!.title)),
    grid: boxes.map(box => panelGrid(box.plot)),
    xAxis: panels.map((_, panel) =>
      indexAxis(panel === panels.length - 1 ? horizontal : '', lastIndex, panel),
    ),
    yAxis: panels.map(({ key, scale }, panel) => ({
      ...valueAxis(scale, panel),
      ...(scale === 'log' && { min: logFloor(signals, key) }),
    })),
    series: [
      ...guide.series,
      ...signals.flatMap(signal => measuredLines(signal, colorOf(signal.model), panels)),
      ...signals.filter(isPredicted).flatMap(signal => predictedLines(signal, panels)),
      ...signals.filter(isOffPlan).map(signal => plannedLine(signal, panels[1]!.scale)),
    ],
  }
}

/** A statistic and the scale that its panel has. */
interface Panel extends SignalStatistic {
  scale: Scale
}

function panelsOf(signals: readonly SignalRecord[]): Panel[] {
  const common = signalScale(signals)
  return statisticsOf(signals).map(statistic => ({
    ...statistic,
    scale: isOfSignal(statistic) ? common : panelScale(signals, statistic),
  }))
}

/** The scale of a statistic that has one of its own: those of the papers share one. */
export const panelScale = (signals: readonly SignalRecord[], { key }: SignalStatistic): Scale =>
  scaleOf(signals.flatMap(({ taps }) => taps.flatMap(tap => tap[key] ?? [])))

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
  if (signals.some(isOffPlan)) {
    entries.push({ name: 'planned by the family', style: 'dotted', color: color('ink') })
  }
  if (signals.some(({ taps }) => taps.some(tap => tap.bands))) {
    entries.push({ name: 'range of the draws', style: 'area', color: color('ink') })
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
  return first === undefined ? null : `not finite from block ${first.index} (${first.name}) on`
}

function measuredLines(signal: SignalRecord, stroke: string, panels: readonly Panel[]) {
  return panels.flatMap(({ key, scale }, panel) => [
    ...bandsOf(signal, key, stroke, scale, panel),
    {
      type: 'line',
      xAxisIndex: panel,
      yAxisIndex: panel,
      silent: true,
      z: 3,
      symbol: 'circle',
      showAllSymbol: true,
      lineStyle: { color: stroke, width: 2 },
      data: signal.taps.map(tap => point(tap, key, stroke, scale)),
    },
  ])
}

/** One area for each stretch of taps that have a band. */
function bandsOf(
  { taps }: SignalRecord,
  key: TapStatistic,
  stroke: string,
  scale: Scale,
  panel: number,
): object[] {
  const stretches: BandEdge[][] = [[]]
  for (const { index, bands } of taps) {
    const [low, high] = bands?.[key] ?? [Number.NaN, Number.NaN]
    if (plottable(low, scale) !== null && plottable(high, scale) !== null)
      stretches.at(-1)!.push({ x: index, low, high })
    else stretches.push([])
  }
  return stretches
    .filter(edges => edges.length > 1)
    .map(edges => bandSeries(edges, stroke, scale, panel))
}

const predictedLines = (signal: SignalRecord, panels: readonly Panel[]) =>
  panels.filter(isOfSignal).flatMap(({ key, scale }, panel) => {
    const values = signal.taps.map(tap => plottable(predictedOf(tap, key), scale))
    const data = values.map((value, i) => [signal.taps[i]!.index, value])
    return values.some(value => value !== null) ? [theoryLine(panel, [4, 4], data)] : []
  })

const plannedLine = ({ taps }: SignalRecord, scale: Scale) =>
  theoryLine(
    1,
    [1, 3],
    taps.map(tap => [tap.index, plottable(tap.predictedVariance, scale)]),
  )

function theoryLine(panel: number, dashes: [number, number], data: (number | null)[][]) {
  return {
    type: 'line',
    xAxisIndex: panel,
    yAxisIndex: panel,
    showSymbol: false,
    silent: true,
    z: 4, // above the measured line, which it ought to cover
    lineStyle: { color: color('ink'), width: 1.25, type: dashes },
    data,
  }
}

function point(tap: SignalTap, key: TapStatistic, stroke: string, scale: Scale) {
  return {
    value: [tap.index, plottable(tap[key] ?? null, scale)],
    symbolSize: tap.stageEnd ? 7 : 4,
    itemStyle: { color: tap.stageEnd ? color('ink') : stroke, borderWidth: 0 },
  }
}

// A squared mean a thousand times below the smallest variance is zero for every purpose, and would
// otherwise stretch its panel down to rounding errors.
function logFloor(signals: readonly SignalRecord[], key: TapStatistic): number {
  const least = (of: TapStatistic) =>
    Math.min(
      ...signals.flatMap(({ taps }) =>
        taps.flatMap(tap => plottable(tap[of] ?? null, 'log') ?? []),
      ),
    )
  const negligible = isOfSignal({ key }) ? least('channelVariance') / 1000 : 0
  const floor = Math.max(least(key), negligible)
  return Number.isFinite(floor) ? 10 ** Math.floor(Math.log10(floor)) : 1 // 1: an empty panel
}

// In percentages, so that the panels fill an image of any height.
function panelBoxes(
  rows: number,
  panels: number,
  height: number,
): { title: PanelBox; plot: PanelBox }[] {
  const unit = BASE_HEIGHT / height
  const first = (1 + 4 * rows) * unit
  const pitch = (100 - 2 * unit - first) / panels
  return Array.from({ length: panels }, (_, panel) => ({
    title: { top: `${first + panel * pitch}%`, height: `${3 * unit}%` },
    plot: { top: `${first + panel * pitch + 4 * unit}%`, height: `${pitch - 9 * unit}%` },
  }))
}
