// What all charts share: panels with quiet axes, titles above them, a legend across the top.
import { color, seriesColor } from './colors.ts'
import { tick } from './numbers.ts'
import { textWidth } from './text-width.ts'

/** A value axis, or a logarithmic one. */
export type Scale = 'value' | 'log'

/** Where a panel lies; percentages of the image, or pixels. */
export interface PanelBox {
  top: string | number
  height: string | number
}

/** Of shaded areas, which let lines and other areas through. */
export const AREA_OPACITY = 0.16

/** One entry of the legend. */
export interface LegendEntry {
  name: string
  style?: 'line' | 'dashed' | 'dotted' | 'dot' | 'area'
  color: string
}

/** Settings of the whole image: font, background, no animation. */
export const canvas = {
  animation: false,
  backgroundColor: color('paper'),
  // Unquoted names: ECharts puts this into an attribute without escaping it.
  textStyle: { fontFamily: 'system-ui, Helvetica Neue, Arial, DejaVu Sans, sans-serif' },
} as const

/** Wide values are drawn on a logarithmic axis: past a factor of 100 the rest would lie on 0. */
export function scaleOf(values: readonly number[]): Scale {
  const sizes = values.filter(value => Number.isFinite(value) && value > 0)
  return Math.max(...sizes) > 100 * Math.min(...sizes) ? 'log' : 'value'
}

/** What an axis can show of a value: a gap for what is not finite, or not above 0 on a log axis. */
export function plottable(value: number | null, scale: Scale): number | null {
  if (value === null || !Number.isFinite(value)) return null
  return scale === 'log' && value <= 0 ? null : value
}

export function panelGrid({ top, height }: PanelBox) {
  return { left: 64, right: 24, top, height }
}

export function panelTitle(text: string, { top }: PanelBox) {
  return {
    text,
    left: 16,
    top,
    padding: 0,
    textStyle: { color: color('ink'), fontSize: 14, fontWeight: 600 },
  }
}

/** Blocks or epochs: whole numbers from 0, with round labels. */
export function indexAxis(name: string, last: number, panel = 0) {
  const interval = roundInterval(last)
  return {
    type: 'value',
    gridIndex: panel,
    min: 0,
    max: Math.ceil(last / interval) * interval,
    interval,
    name,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: color('muted'), fontSize: 13 },
    axisLine: { lineStyle: { color: color('muted') } },
    axisTick: { lineStyle: { color: color('muted') } },
    axisLabel: { color: color('muted'), fontSize: 12 },
    splitLine: { show: false },
  }
}

export function valueAxis(scale: Scale, panel = 0, label: (value: number) => string = tick) {
  return {
    type: scale,
    gridIndex: panel,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: color('muted'), fontSize: 12, formatter: label },
    splitLine: { lineStyle: { color: color('rule') } },
    splitNumber: 4,
  }
}

const LEGEND_GAP = 16
const LEGEND_KEY = 22
const LEGEND_FONT_SIZE = 13

/** How much of a key is filled; of an area as much as of the area itself. */
const FILL_OPACITY = { line: 0, dashed: 0, dotted: 0, dot: 1, area: AREA_OPACITY } as const

/** Whether a chart explains its colours itself, or the page around it does. */
export interface LegendOption {
  /** Default true. */
  legend?: boolean
}

const isDrawn = (style: string): style is 'dashed' | 'dotted' =>
  style === 'dashed' || style === 'dotted'

/** A legend across the top, and the series without data that ECharts wants for its entries. */
export function legend(entries: readonly LegendEntry[]) {
  return {
    legend: {
      top: 6,
      left: 12,
      right: 12,
      itemGap: LEGEND_GAP,
      itemWidth: LEGEND_KEY,
      itemHeight: 7,
      textStyle: { color: color('ink'), fontSize: LEGEND_FONT_SIZE },
      data: entries.map(({ name, style = 'line', color: stroke }) => ({
        name,
        ...(style === 'dot' && { icon: 'circle' }),
        ...(style === 'area' && { icon: 'rect' }),
        itemStyle: { color: stroke, borderWidth: 0, opacity: FILL_OPACITY[style] },
        lineStyle: { color: stroke, width: 2, type: isDrawn(style) ? style : 'solid' },
      })),
    },
    series: entries.map(({ name }) => ({ type: 'line', name, data: [] })),
  }
}

/** How many rows a legend may take in an image of that width, to keep the panels below it. */
export function legendRows(entries: readonly LegendEntry[], width: number): number {
  if (entries.length === 0) return 0
  const key = LEGEND_KEY + 5 + LEGEND_GAP
  const needed = entries.reduce((sum, { name }) => sum + textWidth(name, LEGEND_FONT_SIZE) + key, 0)
  return Math.max(1, Math.ceil(needed / (width - 24)))
}

/** The colour of every name: its place in the list, so that a name keeps it in all charts. */
export function colorsByName(names: readonly string[]): (name: string) => string {
  const distinct = [...new Set(names)]
  return name => seriesColor(Math.max(0, distinct.indexOf(name)))
}

// The smallest of the round steps that gives at most twelve, or a larger one that ends on the last.
function roundInterval(last: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, last / 12)))
  const steps = [1, 2, 5, 10].map(factor => factor * power).filter(step => last / step <= 12)
  return steps.find(step => last % step === 0 && last / step >= 3) ?? steps[0]!
}
