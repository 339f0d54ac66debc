// The signal propagation plot as text for a terminal: rows of three panels, or one below the other
// where that is too narrow. It asks nothing of its surroundings: the caller knows the terminal.
import type { SignalRecord, TapStatistic } from '@normfree/runs'
import { BrailleGrid, type Dot, type Paint } from './braille.ts'
import { tick } from './numbers.ts'
import { plottable, type Scale } from './panel.ts'
import { labelOf, panelScale, signalScale } from './signal-plot.ts'
import { isPredicted, predictedOf } from './signal-prediction.ts'
import { isByLayer, isOfSignal, type SignalStatistic, statisticsOf } from './signal-statistics.ts'

/** Settings of {@link terminalSignalPlot}. */
export interface TerminalOptions {
  /** Columns of the terminal. */
  width: number
  /** Rows of one panel, with its title and its axis; at least 5. */
  height: number
  /** Whether ANSI colours may be used. Letters mark the models without them. */
  color: boolean
}

// Okabe & Ito's colours in the order of the charts: the nearest of xterm's 256.
const COLORS = [32, 166, 36, 175, 178, 74, 245]
const LABEL_WIDTH = 8
const NARROWEST_PANEL = 25

/**
 * Draws the statistics of several models over the block index; the dotted line is predicted. The scales are those of `signalPlot`.
 */
export function terminalSignalPlot(
  signals: readonly SignalRecord[],
  options: TerminalOptions,
): string {
  const third = Math.floor((options.width - 4) / 3)
  const beside = third >= NARROWEST_PANEL
  const size = { ...options, width: beside ? third : options.width }
  const common = signalScale(signals)
  const panels = statisticsOf(signals).map(statistic => {
    const scale = isOfSignal(statistic) ? common : panelScale(signals, statistic)
    return [statistic.short.padEnd(size.width), ...drawPanel(signals, statistic, scale, size)]
  })
  const columns = beside ? 3 : 1
  const rows = panels.flatMap((_, i) => (i % columns === 0 ? [panels.slice(i, i + columns)] : []))
  const lines = rows.flatMap((row, i) => [
    ...(i > 0 ? [''] : []),
    ...row[0]!.map((_, line) => row.map(panel => panel[line]).join('  ')),
  ])
  return [...lines.map(line => line.trimEnd()), '', legendLine(signals, options.color)].join('\n')
}

function drawPanel(
  signals: readonly SignalRecord[],
  { key }: SignalStatistic,
  scale: Scale,
  { width, height, color }: TerminalOptions,
): string[] {
  const columns = width - LABEL_WIDTH
  const grid = new BrailleGrid(columns, height - 2)
  const axis = axisOf(signals, key, scale)
  const last = Math.max(1, ...signals.flatMap(({ taps }) => taps.map(tap => tap.index)))
  const dotAt = (index: number, value: number | null): Dot | null => {
    const drawn = plottable(value, scale)
    if (drawn === null || axis.place(drawn) < 0 || axis.place(drawn) > 1) return null
    const x = Math.round((index / last) * (grid.width - 1))
    return [x, Math.round((1 - axis.place(drawn)) * (grid.height - 1))]
  }
  signals.forEach((signal, style) => {
    const predicted = signal.taps.map(tap => dotAt(tap.index, predictedOf(tap, key)))
    drawLine(grid, predicted, style, 3)
    const dots = signal.taps.map(tap => dotAt(tap.index, tap[key] ?? null))
    drawLine(grid, dots, style, 1)
    signal.taps.forEach((tap, order) => {
      const dot = dots[order]
      const mark = color ? (tap.stageEnd ? '●' : '') : letterOf(style, tap.stageEnd)
      if (dot && mark) grid.mark(dot, mark, null)
    })
  })
  const rows = grid.rows(painter(color))
  return [
    ...rows.map((row, index) => axis.label(index, rows.length) + row),
    `${' '.repeat(LABEL_WIDTH)}0${`${isByLayer(signals) ? 'layer' : 'block'} ${last}`.padStart(columns - 1)}`,
  ]
}

function drawLine(grid: BrailleGrid, dots: (Dot | null)[], style: number, gap: number): void {
  dots.forEach((dot, index) => {
    const from = dots[index - 1]
    if (dot && from) grid.line(from, dot, style, gap)
  })
}

function axisOf(signals: readonly SignalRecord[], key: TapStatistic, scale: Scale) {
  const drawn = (value: number | null) => plottable(value, scale) ?? []
  const taps = signals.flatMap(signal => signal.taps)
  const measured = taps.flatMap(tap => drawn(tap[key] ?? null))
  // A prediction far below what is measured is not worth the room.
  const least = Math.min(...measured)
  const predicted = taps.flatMap(tap => drawn(predictedOf(tap, key))).filter(each => each >= least)
  const values = [...measured, ...predicted]
  const along = scale === 'log' ? Math.log10 : (value: number) => value
  const low = along(scale === 'log' ? Math.min(...values) : 0)
  const high = along(Math.max(...values))
  const at = (share: number) => {
    const value = low + share * (high - low)
    return tick(Number((scale === 'log' ? 10 ** value : value).toPrecision(2)))
  }
  return {
    place: (value: number) => (high > low ? (along(value) - low) / (high - low) : 0),
    label(row: number, rows: number): string {
      const labelled = row === 0 || row === rows - 1 || row === Math.floor(rows / 2)
      const text = labelled && values.length > 0 ? at(1 - row / (rows - 1)) : ''
      return `${text.padStart(LABEL_WIDTH - 2)}${text ? '┤' : '│'} `
    },
  }
}

function legendLine(signals: readonly SignalRecord[], color: boolean): string {
  const paint = painter(color)
  const models = signals.map((signal, style) => {
    const key = color ? paint('━━', style) : letterOf(style, false)
    return `${key} ${labelOf(signal)}`
  })
  const predicted = signals.some(isPredicted) ? ['dotted: predicted'] : []
  const stageEnd = color ? '● end of a stage' : 'capital: end of a stage'
  return [...models, ...predicted, stageEnd].join('   ')
}

function letterOf(style: number, capital: boolean): string {
  const letter = String.fromCharCode('a'.charCodeAt(0) + (style % 26))
  return capital ? letter.toUpperCase() : letter
}

function painter(color: boolean): Paint {
  return (text, style) =>
    color && style !== null && text !== ' '
      ? `\u001b[38;5;${COLORS[style % COLORS.length]}m${text}\u001b[39m`
      : text
}
