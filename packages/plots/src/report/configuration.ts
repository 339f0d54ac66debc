// What was run: where the variants differ, all they have in common, and how to run it again.
import { flattenConfig, type RunRecord } from '@normfree/runs'
import { type Html, type HtmlValue, html } from './html.ts'
import { swatch } from './swatch.ts'

/** The keys in which the variants differ, one row a variant. */
export function differencesTable(
  runs: readonly RunRecord[],
  charted: readonly string[],
): HtmlValue {
  const variants = firstRuns(runs)
  const configs = variants.map(run => flattenConfig(run.header.config))
  const keys = [...new Set(configs.flatMap(config => [...config.keys()]))].filter(
    key => key !== 'seed' && new Set(configs.map(config => config.get(key))).size > 1,
  )
  if (keys.length === 0) return null
  return html`<div class="scroll"><table>
<caption><div>The settings in which the variants differ; all others are equal.</div></caption>
<thead><tr><th scope="col">Variant</th>${keys.map(key => html`<th scope="col"><code>${key}</code></th>`)}</tr></thead>
<tbody>${variants.map(
    (
      run,
      index,
    ) => html`<tr><th scope="row">${swatch(charted.indexOf(run.header.name))}${run.header.name}</th>${keys.map(
      key => html`<td>${String(configs[index]!.get(key) ?? '–')}</td>`,
    )}</tr>
`,
  )}</tbody>
</table></div>`
}

/** The whole configuration of each variant, folded away. */
export function fullConfiguration(runs: readonly RunRecord[]): Html {
  return html`<details><summary>Full configuration of each variant</summary>
${firstRuns(runs).map(
  ({ header }) => html`<h3>${header.name}</h3>
<pre><code>${JSON.stringify(header.config, null, 2)}</code></pre>
`,
)}</details>`
}

/** The environment; where runs were made on several, each value that occurs. */
export function environmentList(runs: readonly RunRecord[]): Html {
  const keys = [...new Set(runs.flatMap(run => Object.keys(run.header.environment)))]
  return html`<dl>${keys.map(key => {
    const values = new Set(runs.map(run => String(run.header.environment[key] ?? '–')))
    return html`<div><dt>${key}</dt><dd>${[...values].join('; ')}</dd></div>
`
  })}</dl>`
}

// Runs of one name differ in their seed only: the first stands for all.
function firstRuns(runs: readonly RunRecord[]): RunRecord[] {
  const byName = new Map<string, RunRecord>()
  for (const run of runs) {
    if (!byName.has(run.header.name)) byName.set(run.header.name, run)
  }
  return [...byName.values()]
}
