// What a report shows of a study of settings; of runs that are no such study, nothing.
import type {
  FactorAnalysis,
  FactorEffect,
  HeatMap,
  RunRecord,
  Sensitivity,
  StepsToScore,
  Study,
} from '@normfree/runs'
import type { EChartsCoreOption } from 'echarts/core'
import { onScaleColor, SCALE_STEPS, scaleColor } from '../colors.ts'
import { heatMapPlot, heatMapSize, heatRange } from '../heat-map-plot.ts'
import { importancePlot, importanceSize } from '../importance-plot.ts'
import { percent, percentTick } from '../numbers.ts'
import { parallelPlot } from '../parallel-plot.ts'
import { sensitivityPlot, stepsPlot } from '../sensitivity-plot.ts'
import { renderSvg } from '../svg.ts'
import { joinAnd } from './finding.ts'
import { Html, type HtmlValue, html } from './html.ts'
import { swatch } from './swatch.ts'

/** The section on what the score depends on; null where the runs do not support any of it. */
export function sweepSection(study: Study, runs: readonly RunRecord[]): HtmlValue {
  // Without a forest there is too little of a study to show as one.
  const final = study.analyses.find(({ score, r2 }) => score === 'testAccuracy' && r2 !== null)
  const figures = [
    final ? importanceFigure(final, study.analyses) : null,
    gridOf([
      ...sensitivityFigures(study.sensitivities),
      ...(study.heatMap ? heatMapFigures(study.heatMap) : []),
      ...(study.stepsToScore ? [stepsFigure(study.stepsToScore)] : []),
    ]),
    final && final.factors.length > 1 ? parallelFigure(final, runs) : null,
  ].filter(figure => figure !== null)
  if (figures.length === 0) return null
  return html`<section aria-labelledby="factors">
<h2 id="factors">What the score depends on</h2>
<p>The settings in which the runs differ, over all completed runs. Runs that diverged have no score: they are left out of means, importance and correlation, and marked with a cross.</p>
${figures}
</section>
`
}

const gridOf = (figures: readonly Html[]): HtmlValue =>
  figures.length > 0
    ? html`<div class="grid">${figures}</div>
`
    : null

/** The names of lines, where there are several; above the chart, where they wrap as the page does. */
const legendOf = (lines: readonly { name: string }[]): HtmlValue =>
  lines.length > 1
    ? html`<ul class="legend">${lines.map(({ name }, index) => html`<li>${swatch(index)}${name}</li>`)}</ul>
`
    : null

interface Size {
  width: number
  height: number
}

const HALF: Size = { width: 520, height: 340 }

interface Figure {
  option: EChartsCoreOption
  size: Size
  id: string
  label: string
  legend?: HtmlValue
  caption?: HtmlValue
}

function figure({ option, size, id, label, legend = null, caption = null }: Figure): Html {
  const svg = renderSvg(option, { ...size, theme: 'page', id })
  return html`<figure aria-label="${label}">${legend}${new Html(svg)}
${caption === null ? null : html`<figcaption>${caption}</figcaption>`}
</figure>
`
}

function importanceFigure(final: FactorAnalysis, all: readonly FactorAnalysis[]): Html {
  const known =
    final.r2 === null || final.r2 <= 0
      ? ''
      : ` It predicts ${percent(final.r2)} of the variance of runs that its trees did not see.`
  const notes = final.notes.map(note => ` ${sentence(note)}`).join('')
  const caption = `Importance: what a random forest loses in R² when the values of a setting are shuffled, ± one standard deviation over 20 shuffles.${known}${notes} Correlation is linear, of the logarithm where a setting spans a decade.`
  const drawn = figure({
    option: importancePlot(final),
    size: importanceSize(final),
    id: 'importance',
    label: 'Importance and correlation of each setting',
    caption,
  })
  return html`${drawn}
<details><summary>The figures, for every score</summary>
${all.map(effectsTable)}</details>
`
}

const scoreNames = {
  testAccuracy: 'Test accuracy after the last epoch',
  bestTestAccuracy: 'Best test accuracy of any epoch',
  emaAccuracy: 'Test accuracy of the averaged weights',
} as const

function effectsTable({ score, runs, leftOut, r2, factors }: FactorAnalysis): Html {
  const counts = `${runs} runs${leftOut > 0 ? `, ${leftOut} left out` : ''}`
  const known = r2 === null ? '' : `; out-of-bag R² ${r2.toFixed(2)}`
  return html`<div class="scroll"><table>
<caption><div>${scoreNames[score]}: ${counts}${known}.</div></caption>
<thead><tr>
<th scope="col">Setting</th>
<th scope="col" class="number">Importance</th>
<th scope="col" class="number">Pearson</th>
<th scope="col" class="number">Spearman</th>
<th scope="col">Note</th>
</tr></thead>
<tbody>${factors.map(effectRow)}</tbody>
</table></div>
`
}

function effectRow({ key, aliases, importance, pearson, spearman, note }: FactorEffect): Html {
  const number = (value: number | null | undefined) => value?.toFixed(2) ?? '–'
  const spread = importance ? ` ± ${number(importance.standardDeviation)}` : ''
  const together = aliases.length > 0 ? `changes together with ${joinAnd(aliases)}` : ''
  return html`<tr><th scope="row"><code>${key}</code></th>
<td class="number">${number(importance?.mean)}${spread}</td>
<td class="number">${number(pearson)}</td>
<td class="number">${number(spearman)}</td>
<td>${[together, note ?? ''].filter(text => text !== '').join('; ')}</td></tr>
`
}

function sensitivityFigures(sensitivities: readonly Sensitivity[]): Html[] {
  return sensitivities.map((sensitivity, index) =>
    figure({
      option: sensitivityPlot(sensitivity),
      size: HALF,
      id: `sensitivity-${index}`,
      label: `Test accuracy against ${sensitivity.factor}`,
      legend: legendOf(sensitivity.lines),
      caption: sensitivityCaption(sensitivity),
    }),
  )
}

function sensitivityCaption({ averaged, lines }: Sensitivity): string {
  const points = lines.flatMap(line => line.points)
  const hasBand = points.some(({ score }) => score && score.standardDeviation !== null)
  const seeds = hasBand
    ? 'The band is ± one standard deviation over the seeds.'
    : 'One seed each: the spread is unknown.'
  const all = `Lines are means over ${joinAnd(averaged)} too, the band ± one standard deviation of all runs at a place.`
  return [
    averaged.length > 0 ? all : seeds,
    ...(points.some(({ diverged }) => diverged > 0)
      ? ['A cross at the foot: a run of that line diverged there.']
      : []),
  ].join(' ')
}

function heatMapFigures(map: HeatMap): Html[] {
  const range = heatRange(map)
  return map.panels.map((panel, index) =>
    figure({
      option: heatMapPlot(map, panel),
      size: heatMapSize(map),
      id: `heat-map-${index}`,
      label: `Test accuracy over ${map.x} and ${map.y}${panel.name === '' ? '' : `, ${panel.name}`}`,
      caption: range && heatKey(range),
    }),
  )
}

function heatKey([low, high]: readonly [low: number, high: number]): Html {
  const steps = Array.from({ length: SCALE_STEPS }, (_, step) => step)
  return html`<span class="heat">${percent(low)} ${steps.map(
    step =>
      html`<span style="background: ${scaleColor(step)}; color: ${onScaleColor(step)}"></span>`,
  )} ${percent(high)}</span> Mean over the seeds ± one standard deviation; “2 of 3” where not all runs completed, crossed where all diverged.`
}

function stepsFigure(steps: StepsToScore): Html {
  const missed = steps.lines
    .flatMap(({ points }) => points)
    .filter(({ reached, runs }) => reached < runs)
  const caption = [
    `Optimizer steps to the first evaluation at or above ${percentTick(steps.score)}; the band reaches down to the evaluation before, between which it was crossed.`,
    ...(missed.length > 0 ? ['Means are over the runs that reached it; not all did.'] : []),
  ].join(' ')
  return figure({
    option: stepsPlot(steps),
    size: HALF,
    id: 'steps',
    label: `Steps to ${percentTick(steps.score)} against batch size`,
    legend: legendOf(steps.lines),
    caption,
  })
}

function parallelFigure(final: FactorAnalysis, runs: readonly RunRecord[]): Html {
  return figure({
    option: parallelPlot(
      runs,
      final.factors.map(({ key }) => key),
    ),
    size: { width: 880, height: 400 },
    id: 'parallel',
    label: 'Every run: settings and test accuracy',
  })
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
