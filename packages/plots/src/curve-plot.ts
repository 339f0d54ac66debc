// Training curves: one line a variant, the mean over its seeds, with a band of one deviation.
import { mean, type RunRecord, standardDeviation } from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { bandSeries } from './band.ts'
import { percentTick, tick } from './numbers.ts'
import {
  canvas,
  colorsByName,
  indexAxis,
  type LegendOption,
  legend,
  legendRows,
  panelGrid,
  panelTitle,
  plottable,
  type Scale,
  scaleOf,
  valueAxis,
} from './panel.ts'

/** What a curve can show. */
export type CurveMetric = 'trainLoss' | 'trainAccuracy' | 'testLoss' | 'testAccuracy'

const metrics: Readonly<Record<CurveMetric, { title: string; label: (value: number) => string }>> =
  {
    trainLoss: { title: 'Training loss', label: tick },
    trainAccuracy: { title: 'Training accuracy', label: percentTick },
    testLoss: { title: 'Test loss', label: tick },
    testAccuracy: { title: 'Test accuracy', label: percentTick },
  }

/** One epoch of a variant: over the seeds that reached it with a finite value. */
interface CurvePoint {
  epoch: number
  mean: number
  deviation: number | null
}

/**
 * A metric over the epochs: runs of one name are one line, the mean of its seeds, with a band of
 * plus and minus one sample standard deviation where there are several.
 *
 * @returns an ECharts option for `renderSvg`, made for 520 x 360 px or wider
 */
export function curvePlot(
  runs: readonly RunRecord[],
  metric: CurveMetric,
  options: LegendOption = {},
): EChartsCoreOption {
  const { title, label } = metrics[metric]
  const names = [...new Set(runs.map(run => run.header.name))]
  const colorOf = colorsByName(names)
  const curves = names.map(name => ({
    name,
    stroke: colorOf(name),
    points: curveOf(runs, name, metric),
  }))
  const points = curves.flatMap(curve => curve.points)
  const scale = scaleOf(points.map(point => point.mean))
  const entries =
    options.legend === false ? [] : curves.map(({ name, stroke }) => ({ name, color: stroke }))
  const guide = legend(entries)
  const top = 44 + 29 * legendRows(entries, 520)
  return {
    ...canvas,
    legend: { ...guide.legend, top: 36 },
    title: panelTitle(title, { top: 10, height: 20 }),
    grid: { ...panelGrid({ top, height: 'auto' }), bottom: 52 },
    xAxis: indexAxis('epoch', Math.max(1, ...points.map(point => point.epoch))),
    yAxis: { ...valueAxis(scale, 0, label), scale: true },
    series: [
      ...guide.series,
      ...curves.flatMap(({ points, stroke }) => [
        bandOf(points, stroke, scale),
        lineOf(points, stroke, scale),
      ]),
    ],
  }
}

function curveOf(runs: readonly RunRecord[], name: string, metric: CurveMetric): CurvePoint[] {
  const epochs = runs.filter(run => run.header.name === name).flatMap(run => run.epochs)
  const numbers = [...new Set(epochs.map(line => line.epoch))].sort((a, b) => a - b)
  return numbers.flatMap(epoch => {
    const values = epochs.filter(line => line.epoch === epoch).map(line => line[metric])
    const finite = values.filter(Number.isFinite)
    if (finite.length === 0) return []
    return [{ epoch, mean: mean(finite), deviation: standardDeviation(finite) }]
  })
}

function lineOf(points: CurvePoint[], stroke: string, scale: Scale) {
  return {
    type: 'line',
    silent: true,
    symbol: 'circle',
    symbolSize: 4,
    showSymbol: points.length <= 30,
    showAllSymbol: true,
    z: 3,
    lineStyle: { color: stroke, width: 2 },
    itemStyle: { color: stroke, borderWidth: 0 },
    data: points.map(point => [point.epoch, plottable(point.mean, scale)]),
  }
}

const bandOf = (points: CurvePoint[], stroke: string, scale: Scale) =>
  bandSeries(
    points.flatMap(({ epoch, mean, deviation }) =>
      deviation === null ? [] : { x: epoch, low: mean - deviation, high: mean + deviation },
    ),
    stroke,
    scale,
  )
