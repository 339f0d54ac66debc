// The charts of the report, as inline SVG with a description for those who cannot see it.
import type { RunRecord, SignalLine, SignalRecord } from '@normfree/runs'
import { type CurveMetric, curvePlot } from '../curve-plot.ts'
import { signalPlot } from '../signal-plot.ts'
import { renderSvg } from '../svg.ts'
import { joinAnd } from './finding.ts'
import { Html, type HtmlValue, html } from './html.ts'

/** Training loss and test accuracy over the epochs. */
export function curveFigures(runs: readonly RunRecord[]): HtmlValue {
  if (runs.every(run => run.epochs.length === 0)) return html`<p>No epoch was finished.</p>`
  return html`<div class="pair">
${curveFigure(runs, 'trainLoss', 'Training loss over the epochs, one line a variant')}
${curveFigure(runs, 'testAccuracy', 'Test accuracy over the epochs, one line a variant')}
</div>`
}

/** The signal of every variant before the first step and after the last. */
export function signalFigures(runs: readonly RunRecord[]): HtmlValue {
  const variants = [...new Set(runs.map(run => run.header.name))]
  const figures = [
    signalFigure(runs, variants, 'init', 'At initialisation'),
    signalFigure(runs, variants, 'end', 'After training'),
  ].filter(figure => figure !== null)
  if (figures.length === 0) return html`<p>No signal was measured.</p>`
  return html`<div class="pair">${figures}</div>`
}

function curveFigure(runs: readonly RunRecord[], metric: CurveMetric, label: string): Html {
  const svg = renderSvg(curvePlot(runs, metric), {
    width: 520,
    height: 360,
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
  const svg = renderSvg(signalPlot(signals, { variants }), {
    width: 620,
    height: 700,
    theme: 'page',
    id: `signal-${when}`,
  })
  const inputs = [...new Set(signals.map(signal => signal.input))]
  return html`<figure aria-label="${title}: three statistics of the signal at every block">
<h3>${title}</h3>
${new Html(svg)}
<figcaption>Input: ${joinAnd(inputs)}.${coincidences(signals).map(names => ` The lines of ${joinAnd(names)} coincide.`)}</figcaption>
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

// Variants that differ only in how they are trained start with one signal: one line hides the other.
function coincidences(signals: readonly SignalRecord[]): string[][] {
  const byTaps = new Map<string, string[]>()
  for (const { model, taps } of signals) {
    const key = JSON.stringify(taps)
    byTaps.set(key, [...(byTaps.get(key) ?? []), model])
  }
  return [...byTaps.values()].filter(names => names.length > 1)
}
