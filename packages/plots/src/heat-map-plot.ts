// The score over two settings: a cell for each pair of values, with its number in it.
import type { HeatMap, SweepPoint } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { color, onScaleColor, SCALE_STEPS, scaleColor } from './colors.ts'
import { axisName, levelText } from './level-axis.ts'
import { crossMarks, type Mark, markSeries, textMark } from './marks.ts'
import { points } from './numbers.ts'
import { canvas, panelTitle } from './panel.ts'

/** Pixels that {@link heatMapPlot} needs. */
export function heatMapSize({ xLevels, yLevels }: HeatMap): { width: number; height: number } {
  return { width: Math.max(520, 130 + 66 * xLevels.length), height: 110 + 52 * yLevels.length }
}

/** The lowest and the highest mean of a map, over all of its panels; null where nothing completed. */
export function heatRange({ panels }: HeatMap): readonly [low: number, high: number] | null {
  const means = panels.flatMap(({ cells }) => cells.flatMap(({ score }) => score?.mean ?? []))
  return means.length > 0 ? [Math.min(...means), Math.max(...means)] : null
}

/**
 * One panel of a heat map: the mean over the seeds in percent, ± one sample standard deviation. A
 * cell where some runs did not complete says how many did; where all diverged it is crossed.
 *
 * @returns an ECharts option for `renderSvg`, in the size that `heatMapSize` gives
 */
export function heatMapPlot(map: HeatMap, panel: HeatMap['panels'][number]): EChartsCoreOption {
  const range = heatRange(map)
  const name = panel.name === '' ? '' : `, ${panel.name}`
  return {
    ...canvas,
    title: panelTitle(`Test accuracy (%)${name}`, { top: 10, height: 20 }),
    grid: { left: 90, right: 24, top: 42, bottom: 56 },
    xAxis: { ...levelsAxis(map.xLevels.map(levelText), axisName(map.x)), nameGap: 30 },
    yAxis: { ...levelsAxis(map.yLevels.map(levelText), axisName(map.y)), nameGap: 62 },
    series: [
      markSeries(
        panel.cells,
        ({ x, y }) => [x, y],
        (cell, { at, panel: box }) => {
          const width = box.width / map.xLevels.length - 3
          const height = box.height / map.yLevels.length - 3
          return cellMarks(cell, at(cell.x, cell.y), { width, height }, range)
        },
      ),
    ],
  }
}

function cellMarks(
  cell: SweepPoint,
  [x, y]: readonly [x: number, y: number],
  { width, height }: { width: number; height: number },
  range: readonly [low: number, high: number] | null,
): Mark[] {
  const shape = { x: x - width / 2, y: y - height / 2, width, height, r: 3 }
  if (!cell.score || !range) {
    const outline = { fill: 'none', stroke: color('muted'), lineDash: [3, 3] }
    const word = textMark(cell.diverged > 0 ? 'diverged' : 'unfinished', [x, y + 10], {
      fill: color('ink'),
      fontSize: 11,
    })
    const sign = cell.diverged > 0 ? crossMarks([x, y - 8], color('ink'), 5) : []
    return [{ type: 'rect', shape, style: outline }, ...sign, word]
  }
  const step = stepOf(cell.score.mean, range)
  const fill = onScaleColor(step)
  return [
    { type: 'rect', shape, style: { fill: scaleColor(step) } },
    textMark(points(cell.score.mean), [x, y - 8], { fill, fontSize: 13, fontWeight: 600 }),
    textMark(secondLine(cell), [x, y + 9], { fill, fontSize: 11 }),
  ]
}

function secondLine({ score, diverged, unfinished }: SweepPoint): string {
  const completed = score!.values.length
  const total = completed + diverged + unfinished
  if (total > completed) return `${completed} of ${total}${diverged > 0 ? ' \u2715' : ''}`
  return score!.standardDeviation === null ? '' : `\u00b1 ${points(score!.standardDeviation)}`
}

function stepOf(mean: number, [low, high]: readonly [low: number, high: number]): number {
  return Math.round(((mean - low) / (high - low || 1)) * (SCALE_STEPS - 1))
}

function levelsAxis(levels: readonly string[], name: string) {
  return {
    type: 'category',
    data: levels,
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: color('muted'), fontSize: 13 },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: color('muted'), fontSize: 12, interval: 0 },
    splitLine: { show: false },
  }
}
