// A chart option to SVG text, by ECharts without a DOM. Only the parts of ECharts that our charts
// use are loaded: the whole of it takes twice as long to import.
import type { EChartsCoreOption } from 'echarts/core'
import { init, setPlatformAPI, use } from 'echarts/core'
import 'echarts/lib/chart/custom.js'
import 'echarts/lib/chart/line.js'
import 'echarts/lib/component/gridSimple.js'
import 'echarts/lib/component/legendPlain.js'
import 'echarts/lib/component/title.js'
import { SVGRenderer } from 'echarts/renderers'
import { substituteColors, type Theme } from './colors.ts'
import { escapeText } from './escape.ts'
import { textWidth } from './text-width.ts'

/** What {@link renderSvg} needs beside the chart. */
export interface SvgOptions {
  /** Pixels. */
  width: number
  /** Pixels. */
  height: number
  /** Default `light`. A `page` must set the variables of the palette itself. */
  theme?: Theme
  /** Unique within a page: begins the names of the clip paths. Default `plot`. */
  id?: string
}

/**
 * Draws a chart option as SVG text. Equal input gives equal text.
 *
 * @param option from `signalPlot` or `curvePlot`
 */
export function renderSvg(option: EChartsCoreOption, options: SvgOptions): string {
  const { width, height, theme = 'light', id = 'plot' } = options
  const name = `<title>${escapeText(titleOf(option))}</title>`
  const svg = tidy(draw(option, width, height), id, name)
  // Inside an HTML page the namespace is implied, and a self-contained page holds no URL.
  return theme === 'page' ? svg.replace(/ xmlns="[^"]*"/, '') : substituteColors(svg, theme)
}

use(SVGRenderer)

// Without a browser ECharts takes the widths of a narrow font, and legends run into each other.
if (!('document' in globalThis)) {
  setPlatformAPI({
    measureText: (text, font = '') => ({
      width: textWidth(text, Number.parseFloat(/[\d.]+(?=px)/.exec(font)?.[0] ?? '12')),
    }),
  })
}

function draw(option: EChartsCoreOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption(option)
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}

// ECharts counts its charts in the names it gives, and adds hooks for interaction we do not use.
function tidy(svg: string, id: string, name: string): string {
  return svg
    .replace(/<style >.*?<\/style>\n?/s, '')
    .replace(/ (class="zr\d+-[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, '')
    .replace(/\bzr\d+-(?=c\d+["')])/g, `${id}-`)
    .replace(/<svg (.*?) xmlns:xlink=[^>]*? (viewBox=[^>]*>)/, `<svg role="img" $1 $2\n${name}`)
}

// The titles of the panels, for those who hear the chart instead of seeing it.
function titleOf({ title }: EChartsCoreOption): string {
  return [title]
    .flat()
    .map(panel => (panel as { text: string }).text)
    .join('; ')
}
