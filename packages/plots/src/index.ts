// @normfree/plots: run records to charts and reports. Safe in a browser; PNG is in ./png.
export type { Theme } from './colors.ts'
export { type CurveMetric, curvePlot } from './curve-plot.ts'
export type { LegendOption } from './panel.ts'
export { type ReportInput, reportHtml } from './report/report-html.ts'
export { type SignalPlotOptions, signalPlot, signalPlotSize } from './signal-plot.ts'
export { renderSvg, type SvgOptions } from './svg.ts'
export { markdownTable } from './tables.ts'
export { type TerminalOptions, terminalSignalPlot } from './terminal-plot.ts'
