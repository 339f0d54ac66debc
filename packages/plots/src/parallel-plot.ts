// All runs of a study at once: an axis for each setting and one for the score, a line for each run.
import {
  type Factor,
  factorsOf,
  type Level,
  type RunRecord,
  scoreOf,
  statusOf,
} from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { color, seriesColor } from './colors.ts'
import { axisName, levelText, placeOf, ticksOf } from './level-axis.ts'
import { type Mark, markSeries, textMark } from './marks.ts'
import { percent } from './numbers.ts'
import { canvas, type LegendEntry, legend, panelTitle } from './panel.ts'

/** One vertical axis: where each run meets it, 0 below to 1 above, and what is written beside it. */
interface Axis {
  name: string
  places: (number | null)[]
  labels: { at: number; text: string }[]
}

/** How a run is drawn, the best above the others. */
const styles = {
  diverged: { name: 'diverged', color: color('ink'), style: 'dotted', width: 1.2, z: 2 },
  worst: { name: 'lowest third', color: seriesColor(1), style: 'line', width: 1.2, z: 2 },
  middle: { name: 'middle third', color: color('muted'), style: 'line', width: 1, z: 1 },
  best: { name: 'highest third', color: seriesColor(0), style: 'line', width: 1.8, z: 3 },
} as const satisfies Record<string, LegendEntry & { width: number; z: number }>

/** Pixels beside the first axis, for its labels. */
const EDGE = 60

// Lines run behind the labels of the axes between the first and the last.
const labelStyle = { fill: color('ink'), backgroundColor: color('paper'), padding: [1, 2] }

/** More axes than this leave no room for their names. */
const MOST_AXES = 8

/** Of the height of an axis: below all values, for runs that have none. */
const FOOT = 0.12

/**
 * Parallel coordinates after Inselberg (1985): runs that completed or diverged, coloured by the
 * third of the scores that they are in; a run that diverged ends below the score's axis.
 *
 * @param keys of the factors in the order of their axes; the first seven are drawn
 * @returns an ECharts option for `renderSvg`, made for 880 x 400 px or wider
 */
export function parallelPlot(
  runs: readonly RunRecord[],
  keys: readonly string[],
): EChartsCoreOption {
  const drawn = runs.filter(run => scoreOf(run) !== null || statusOf(run) === 'diverged')
  const { factors } = factorsOf(drawn)
  const chosen = keys.flatMap(key => factors.find(factor => factor.key === key) ?? [])
  const axes = [...chosen.slice(0, MOST_AXES - 1).map(factorAxis), scoreAxis(drawn)]
  const kinds = kindsOf(drawn)
  const used = Object.entries(styles).filter(([kind]) => kinds.includes(kind as Kind))
  const guide = legend(used.map(([, { name, color, style }]) => ({ name, color, style })))
  return {
    ...canvas,
    legend: { ...guide.legend, top: 36 },
    title: panelTitle('Every run: settings and test accuracy', { top: 10, height: 20 }),
    grid: { left: EDGE, right: 90, top: 106, bottom: 34 },
    xAxis: { type: 'value', min: 0, max: axes.length - 1, show: false },
    yAxis: { type: 'value', min: 0, max: 1, show: false },
    series: [
      ...guide.series,
      ...drawn.map((_, run) => runLine(axes, run, styles[kinds[run]!])),
      axisSeries(axes),
    ],
  }
}

type Kind = keyof typeof styles

function kindsOf(runs: readonly RunRecord[]): Kind[] {
  const scores = runs.map(run => scoreOf(run))
  const sorted = scores.filter(score => score !== null).sort((a, b) => a - b)
  const low = sorted[Math.floor(sorted.length / 3)] ?? 0
  const high = sorted[Math.ceil((2 * sorted.length) / 3) - 1] ?? 1
  return scores.map(score => {
    if (score === null) return 'diverged'
    return score > high ? 'best' : score < low ? 'worst' : 'middle'
  })
}

function factorAxis({ key, kind, scale, values, levels }: Factor): Axis {
  const isNumber = kind === 'number'
  const place = (level: Level) =>
    isNumber ? placeOf(Number(level), scale) : levels.indexOf(level as Exclude<Level, null>)
  const places = levels.map(place)
  const [low, high] = [Math.min(...places), Math.max(...places)]
  // What is not set stands below all that is.
  const foot = values.includes(null) ? FOOT : 0
  const at = (level: Level) =>
    level === null ? 0 : foot + ((1 - foot) * (place(level) - low)) / (high - low || 1)
  const ticks = isNumber ? ticksOf(levels.map(Number), scale) : levels
  return {
    name: axisName(key, scale),
    places: values.map(at),
    labels: [...(foot > 0 ? [null] : []), ...ticks].map(level => ({
      at: at(level),
      text: levelText(level),
    })),
  }
}

function scoreAxis(runs: readonly RunRecord[]): Axis {
  const scores = runs.map(run => scoreOf(run))
  const known = scores.filter(score => score !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const foot = scores.includes(null) ? FOOT : 0
  const at = (score: number) => foot + ((1 - foot) * (score - low)) / (high - low || 1)
  const marks = [0, 0.25, 0.5, 0.75, 1].map(part => low + part * (high - low))
  return {
    name: 'test accuracy (%)',
    places: scores.map(score => (score === null ? 0 : at(score))),
    labels: [
      ...(foot > 0 ? [{ at: 0, text: 'diverged' }] : []),
      ...marks.map(score => ({ at: at(score), text: percent(score) })),
    ],
  }
}

function runLine(axes: readonly Axis[], run: number, style: (typeof styles)[Kind]): object {
  return {
    type: 'line',
    silent: true,
    showSymbol: false,
    z: style.z,
    lineStyle: {
      color: style.color,
      width: style.width,
      opacity: 0.75,
      type: style.style === 'dotted' ? 'dotted' : 'solid',
    },
    data: axes.map(({ places }, index) => [index, places[run]]),
  }
}

function axisSeries(axes: readonly Axis[]): object {
  const items = axes.map((axis, index) => ({ ...axis, index }))
  return markSeries(
    items,
    ({ index }) => [index, 0],
    ({ name, labels, index }, { at, panel }) => {
      const [x, top] = at(index, 1)
      const stem: Mark = {
        type: 'line',
        shape: { x1: x, y1: top, x2: x, y2: at(index, 0)[1] },
        style: { stroke: color('ink'), lineWidth: 1 },
      }
      const isLast = index === axes.length - 1
      const places = labels.map(label => ({ ...label, y: at(index, label.at)[1] }))
      return [
        stem,
        textMark(name.replace(' (', '\n('), [index === 0 ? x - EDGE + 4 : x, top - 24], {
          width: panel.width / (axes.length - 1) - 8,
          overflow: 'truncate',
          lineHeight: 16,
          fill: color('ink'),
          fontWeight: 600,
          ...(index === 0 && { align: 'left' }),
        }),
        ...places.map(({ text, y }) =>
          textMark(text, [isLast ? x + 6 : x - 6, y], {
            ...labelStyle,
            align: isLast ? 'left' : 'right',
          }),
        ),
      ]
    },
  )
}
