// The table of variants and the table of runs.
import { type RunRecord, type Spread, statusOf, type VariantSummary } from '@normfree/runs'
import { color, seriesColor } from '../colors.ts'
import { count, differenceNote, differenceText, loss, percent, percentSpread } from '../numbers.ts'
import { hasAverages, statusText } from '../tables.ts'
import { type Html, type HtmlValue, html } from './html.ts'
import { swatch } from './swatch.ts'

/**
 * One row a variant, in the order in which they were run; the swatch is its colour among the
 * `charted`. The differences are to `baseline`.
 */
export function resultsTable(
  variants: readonly VariantSummary[],
  baseline: string,
  charted: readonly string[],
): Html {
  const averaged = hasAverages(variants)
  const note = variants.length > 1 ? ` ${differenceNote(baseline)}` : ''
  const range = rangeOf(variants.flatMap(({ testAccuracy }) => testAccuracy?.values ?? []))
  return html`
<div class="scroll"><table>
<caption><div>Final figures of completed runs: the mean and, over several seeds, ± one sample standard deviation.${rangeNote(range)}${note}</div></caption>
<thead><tr>
<th scope="col">Variant</th>
<th scope="col" class="number">Test accuracy</th>
<th scope="col">Each seed</th>
<th scope="col" class="number">Difference</th>
${averaged ? html`<th scope="col" class="number">Averaged weights</th>` : null}
<th scope="col" class="number">Train accuracy</th>
<th scope="col" class="number">Train loss</th>
<th scope="col" class="number">Parameters</th>
<th scope="col" class="number">Images/s</th>
<th scope="col">Runs</th>
</tr></thead>
<tbody>${variants.map(variant =>
    variantRow(variant, { index: charted.indexOf(variant.name), range, baseline, averaged }),
  )}</tbody>
</table></div>`
}

type Range = readonly [low: number, high: number] | null

interface RowContext {
  index: number
  range: Range
  baseline: string
  averaged: boolean
}

function variantRow(
  variant: VariantSummary,
  { index, range, baseline, averaged }: RowContext,
): Html {
  const isBaseline = variant.name === baseline
  return html`<tr>
<th scope="row">${swatch(index)}${variant.name}</th>
<td class="number strong">${percentSpread(variant.testAccuracy)}</td>
<td>${strip(variant.testAccuracy, index, range)}</td>
<td class="number">${isBaseline ? 'baseline' : difference(variant)}</td>
${averaged ? html`<td class="number">${percentSpread(variant.emaAccuracy)}</td>` : null}
<td class="number">${percentSpread(variant.trainAccuracy)}</td>
<td class="number">${loss(variant.trainLoss?.mean ?? Number.NaN)}</td>
<td class="number">${count(variant.parameters)}</td>
<td class="number">${count(variant.imagesPerSecond?.mean ?? Number.NaN)}</td>
<td>${statusText(variant)}</td>
</tr>
`
}

// The interval and the word on seeds below the estimate, for the width of the table.
function difference(variant: VariantSummary): Html {
  const parts = differenceText(variant.difference).split(/ (?=[[(])/)
  return html`${parts.map((part, index) => (index === 0 ? part : html` <small>${part}</small>`))}`
}

// A dot for each seed and a bar at the mean, all rows on one scale.
function strip(accuracy: Spread | null, index: number, range: Range): HtmlValue {
  if (!accuracy || !range) return null
  const [low, high] = range
  const at = (value: number) => (6 + (98 * (value - low)) / (high - low || 1)).toFixed(1)
  const mean = at(accuracy.mean)
  const fill = index < 0 ? color('muted') : seriesColor(index)
  return html`<svg class="strip" viewBox="0 0 110 20" width="110" height="20" aria-hidden="true">
<path d="M2 10H108" class="strip-rule"/>
<path d="M${mean} 3V17" stroke="${fill}" stroke-width="2"/>
${accuracy.values.map(value => html`<circle cx="${at(value)}" cy="10" r="3.5" fill="${fill}" fill-opacity="0.75"/>`)}
</svg>`
}

function rangeNote(range: Range): string {
  return range ? ` Dots are single seeds, from ${percent(range[0])} to ${percent(range[1])}.` : ''
}

function rangeOf(values: number[]): Range {
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : null
}

/** One row a run, folded away: what the means are made of. */
export function runsTable(runs: readonly RunRecord[]): Html {
  return html`<details><summary>Every run (${runs.length})</summary>
<div class="scroll"><table>
<thead><tr>
<th scope="col">Run</th>
<th scope="col">Variant</th>
<th scope="col" class="number">Seed</th>
<th scope="col" class="number">Epochs</th>
<th scope="col" class="number">Test accuracy</th>
<th scope="col" class="number">Train accuracy</th>
<th scope="col" class="number">Minutes</th>
<th scope="col">Status</th>
</tr></thead>
<tbody>${runs.map(runRow)}</tbody>
</table></div></details>`
}

function runRow(run: RunRecord): Html {
  const last = run.epochs.at(-1)
  return html`<tr>
<td><code>${run.header.id}</code></td>
<td>${run.header.name}</td>
<td class="number">${run.header.seed}</td>
<td class="number">${run.epochs.length}</td>
<td class="number">${percent(last?.testAccuracy ?? Number.NaN)}</td>
<td class="number">${percent(last?.trainAccuracy ?? Number.NaN)}</td>
<td class="number">${run.end ? (run.end.seconds / 60).toFixed(1) : '–'}</td>
<td>${statusOf(run)}</td>
</tr>
`
}
