// The charts of the report, as inline SVG with a description for those who cannot see it.
import type { RunRecord, SignalLine, SignalRecord } from '@normfree/runs'
import { type CurveMetric, curvePlot } from '../curve-plot.ts'
import { overflowOf, signalPlot, signalPlotSize } from '../signal-plot.ts'
import { isOffPlan } from '../signal-prediction.ts'
import { renderSvg } from '../svg.ts'
import { joinAnd } from './finding.ts'
import { Html, type HtmlValue, html } from './html.ts'
import { swatch } from './swatch.ts'

/** Training loss and test accuracy over the epochs. */
export function curveFigures(runs: readonly RunRecord[]): HtmlValue {
  if (runs.every(run => run.epochs.length === 0)) return html`<p>No epoch was finished.</p>`
  return html`${legendOf(variantsOf(runs))}
<div class="pair">
${curveFigure(runs, 'trainLoss', 'Training loss over the epochs, one line a variant')}
${curveFigure(runs, 'testAccuracy', 'Test accuracy over the epochs, one line a variant')}
</div>`
}

/** The signal of every variant before the first step and after the last. */
export function signalFigures(runs: readonly RunRecord[]): HtmlValue {
  const variants = variantsOf(runs)
  const figures = [
    signalFigure(runs, variants, 'init', 'At initialisation'),
    signalFigure(runs, variants, 'end', 'After training'),
  ].filter(figure => figure !== null)
  if (figures.length === 0) return html`<p>No signal was measured.</p>`
  return html`${legendOf(variants, signalMarks)}
<div class="pair">${figures}</div>`
}

const signalMarks = html`<li><span class="dash"></span>predicted</li>
<li><span class="dot"></span>end of a stage</li>`

// One legend for all charts of a section, in HTML: it wraps, and grows with the reader's font.
function legendOf(variants: readonly string[], marks: HtmlValue = null): Html {
  return html`<ul class="legend">${variants.map((name, index) => html`<li>${swatch(index)}${name}</li>`)}${marks}</ul>`
}

function variantsOf(runs: readonly RunRecord[]): string[] {
  return [...new Set(runs.map(run => run.header.name))]
}

function curveFigure(runs: readonly RunRecord[], metric: CurveMetric, label: string): Html {
  const svg = renderSvg(curvePlot(runs, metric, { legend: false }), {
    width: 520,
    height: 320,
    theme: 'page',
    id: metric,
  })
  return html`<figure aria-label="${label}">${new Html(svg)}</figure>`
}

function signalFigure(
  runs: readonly RunRecord[],
  variants: readonly string[],
  when: SignalLine['when'],
  title: string,
): Html | null {
  const signals = variants.flatMap(name => signalOf(runs, name, when))
  if (signals.length === 0) return null
  const svg = renderSvg(signalPlot(signals, { variants, legend: false }), {
    width: 520,
    height: Math.round((16 / 19) * signalPlotSize(signals).height), // 640 for three panels
    theme: 'page',
    id: `signal-${when}`,
  })
  return html`<figure aria-label="${title}: statistics of the signal at every block">
<h3>${title}</h3>
${new Html(svg)}
<figcaption>${captionOf(signals)}</figcaption>
</figure>`
}

// Of a variant's first run that has one: which seed it is makes little difference, and a mean over
// seeds would hide an overflow.
function signalOf(
  runs: readonly RunRecord[],
  name: string,
  when: SignalLine['when'],
): SignalRecord[] {
  const lines = runs
    .filter(run => run.header.name === name)
    .flatMap(run => run.signals.filter(line => line.when === when))
  return lines.slice(0, 1).map(line => ({ ...line.signal, model: name }))
}

function captionOf(signals: readonly SignalRecord[]): string {
  const inputs = [...new Set(signals.map(signal => signal.input))]
  const overflows = signals.flatMap(signal => {
    const where = overflowOf(signal)
    return where === null ? [] : `${signal.model}: ${where}.`
  })
  const hidden = coincidences(signals).map(names => `The lines of ${joinAnd(names)} coincide.`)
  const shaded = signals.some(({ taps }) => taps.some(tap => tap.bands))
    ? ['The shade is the range of the draws.']
    : []
  const planned = signals.some(isOffPlan)
    ? ['The dotted line is the variance that the family plans with.']
    : []
  return [`Input: ${joinAnd(inputs)}.`, ...shaded, ...planned, ...overflows, ...hidden].join(' ')
}

// Variants that differ only in how they are trained start with one signal: one line hides the other.
function coincidences(signals: readonly SignalRecord[]): string[][] {
  const byTaps = new Map<string, string[]>()
  for (const { model, taps } of signals) {
    const key = JSON.stringify(taps)
    byTaps.set(key, [...(byTaps.get(key) ?? []), model])
  }
  return [...byTaps.values()].filter(names => names.length > 1)
}
