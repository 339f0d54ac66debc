// The look of the report: system fonts, one accent, the charts' palette, aligned figures.
import { declareColors } from '../colors.ts'

/** The stylesheet: light, dark where the reader prefers it, and light again on paper. */
export const stylesheet = `
:root { color-scheme: light dark; ${declareColors('light')} --page: #f6f7f9; --accent: #0072b2; }
@media screen and (prefers-color-scheme: dark) {
  :root { ${declareColors('dark')} --page: #0e1013; --accent: #56b4e9; }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--plot-ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 56px; }
.eyebrow { margin: 0 0 8px; color: var(--plot-muted); font-size: 14px; }
h1 { margin: 0; font-size: 34px; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
.finding {
  max-width: 46em; margin: 20px 0 0; padding-left: 18px; border-left: 4px solid var(--accent);
  font-size: 20px; line-height: 1.45; text-wrap: pretty;
}
.caveats { max-width: 52em; margin: 12px 0 0; padding: 0 0 0 22px; color: var(--plot-muted); list-style: none; }
section { margin-top: 48px; }
h2 { margin: 0 0 4px; font-size: 22px; letter-spacing: -0.01em; }
h3 { margin: 0 0 4px; font-size: 16px; }
section > p { max-width: 46em; margin: 0 0 16px; color: var(--plot-muted); text-wrap: pretty; }
.scroll, figure, pre, dl, details {
  background: var(--plot-paper); border: 1px solid var(--plot-rule); border-radius: 10px;
}
.scroll { overflow-x: auto; container-type: inline-size; }
table { width: 100%; border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
caption { padding: 12px 16px 6px; color: var(--plot-muted); font-size: 14px; text-align: left; }
caption > div { position: sticky; left: 16px; max-width: calc(100cqi - 32px); }
th, td { padding: 10px 8px; text-align: left; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 16px; }
thead th { color: var(--plot-muted); font-size: 13px; font-weight: 600; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--plot-rule); }
tbody th { min-width: 12.5em; font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.strong { font-weight: 600; }
.number small { display: block; color: var(--plot-muted); font-size: 13px; }
.swatch { display: inline-block; width: 16px; height: 4px; margin: 0 10px 4px 0; border-radius: 2px; print-color-adjust: exact; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 15px; }
.dash { display: inline-block; width: 20px; margin: 0 10px 4px 0; border-top: 2px dashed var(--plot-ink); }
.dot { display: inline-block; width: 8px; height: 8px; margin: 0 10px 1px 6px; border-radius: 50%; background: var(--plot-ink); print-color-adjust: exact; }
.strip { display: inline-block; vertical-align: -5px; }
.strip-rule { stroke: var(--plot-rule); stroke-width: 1; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 14px; }
figure h3 { padding-left: 16px; }
figure svg { display: block; width: 100%; height: auto; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 16px; margin: 16px 0; }
.grid .legend { padding: 4px 16px 0; font-size: 14px; }
.heat { display: inline-flex; align-items: center; gap: 1px; margin-right: 8px; }
.heat span:first-child { margin-left: 6px; }
.heat span:last-child { margin-right: 6px; }
.heat span { display: inline-block; width: 14px; height: 12px; print-color-adjust: exact; }
figcaption { padding: 4px 16px 0; color: var(--plot-muted); font-size: 14px; }
pre { margin: 0 0 16px; padding: 14px 16px; overflow-x: auto; font-size: 14px; line-height: 1.5; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.92em; }
details { margin-top: 16px; }
details > :not(summary) { margin: 0 16px 16px; }
details .scroll { border: 0; margin: 0; }
summary { padding: 12px 16px; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); margin: 0; padding: 12px 16px; gap: 10px 24px; }
dt { color: var(--plot-muted); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
footer { margin-top: 56px; padding-bottom: 48px; color: var(--plot-muted); font-size: 14px; }
@media print {
  body { background: none; font-size: 11pt; }
  header { padding-top: 0; }
  figure, tr, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  details::details-content { content-visibility: visible; height: auto; }
}
`
