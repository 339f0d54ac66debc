// The report: one HTML file that needs nothing else. Opened from a disk, with no network, it shows
// what was found, the figures behind it, and how to get them again.
import { type RunRecord, studyOf } from '@normfree/runs'
import { chartedVariants, runsOf } from './charted.ts'
import { differencesTable, environmentList, fullConfiguration } from './configuration.ts'
import { curveFigures, signalFigures } from './figures.ts'
import { findingOf } from './finding.ts'
import { Html, html } from './html.ts'
import { resultsTable, runsTable } from './results.ts'
import { stylesheet } from './style.ts'
import { sweepSection } from './sweep.ts'

/** What a report is made of. */
export interface ReportInput {
  title: string
  /** The text of the plan, to repeat it where its file is gone. */
  plan?: string
  /** The command line that made the runs. */
  command: string
  /** Name of the variant that the others are compared with. Default: that of the first run. */
  baseline?: string
  /** In the order in which variants are to be listed; at least one. */
  runs: readonly RunRecord[]
}

/** A self-contained HTML page that compares runs; equal input gives an equal page. */
export function reportHtml(input: ReportInput): string {
  const { title, runs } = input
  const baseline = input.baseline ?? runs[0]!.header.name
  const study = studyOf(runs, baseline)
  const { variants } = study
  const charted = chartedVariants(variants)
  const drawn = runsOf(charted, runs)
  const finding = findingOf(variants)
  const selection =
    charted.length < variants.length
      ? ` Of ${variants.length} variants these are ${charted.length}, in even steps from the best to the worst.`
      : ''
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(stylesheet)}</style>
</head>
<body>
<header>
<p class="eyebrow">${origin(runs)}</p>
<h1>${title}</h1>
<p class="finding">${finding.headline}</p>
${finding.caveats.length > 0 ? html`<ul class="caveats">${finding.caveats.map(text => html`<li>${text}</li>`)}</ul>` : null}
</header>
<main>
<section aria-labelledby="results">
<h2 id="results">Results</h2>
${resultsTable(variants, baseline, charted)}
${runsTable(runs)}
</section>
${sweepSection(study, runs)}<section aria-labelledby="curves">
<h2 id="curves">Learning curves</h2>
<p>Each line is the mean over the seeds of a variant; the band is ± one standard deviation.${selection}</p>
${curveFigures(drawn)}
</section>
<section aria-labelledby="signal">
<h2 id="signal">Signal propagation</h2>
<p>Mean and variance at every block, as in Brock, De and Smith (2021). A normalizer-free network should follow its predicted line; growth from block to block that nothing resets is a warning.</p>
${signalFigures(drawn)}
</section>
${setup(input, charted)}
</main>
<footer>Made by normfree from the records of ${runCount(runs)}.</footer>
</body>
</html>
`.text
}

function setup({ plan, command, runs }: ReportInput, charted: readonly string[]): Html {
  return html`<section aria-labelledby="repeat">
<h2 id="repeat">Configuration and how to repeat it</h2>
<p>On a machine like the one below, this command makes the same runs.</p>
<pre><code>${command}</code></pre>
${differencesTable(runs, charted)}
${plan === undefined ? null : html`<details><summary>The plan</summary><pre><code>${plan}</code></pre></details>`}
${fullConfiguration(runs)}
</section>
<section aria-labelledby="environment">
<h2 id="environment">Environment</h2>
${environmentList(runs)}
</section>`
}

// The plan and the days of the runs, from the records: a report made again tomorrow is the same.
function origin(runs: readonly RunRecord[]): string {
  const days = [...new Set(runs.map(run => run.header.created.slice(0, 10)))].sort()
  const plans = [...new Set(runs.flatMap(run => run.header.plan ?? []))]
  const span = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0]
  return [...plans.map(plan => `Plan ${plan}`), runCount(runs), span].join(' · ')
}

function runCount({ length }: readonly RunRecord[]): string {
  return `${length} ${length === 1 ? 'run' : 'runs'}`
}
