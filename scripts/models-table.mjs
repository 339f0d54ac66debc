// `node scripts/models-table.mjs`: every model of the registry, beside what was published of it, into
// results/models.md. A published figure that ours, rounded alike, is not must say why; else the command
// exits with 1, and so it does for a figure whose model the registry lacks.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listModels, modelCost } from 'normfree'
import { published, SOURCES } from './models/published.mjs'
import { root } from './setup.mjs'

/** @import { ModelCost, ModelEntry } from 'normfree' */
/** @import { Figure } from './models/published.mjs' */

const count = new Intl.NumberFormat('en-US')

/**
 * Whether a number of the figure is not ours in its own digits.
 *
 * @param {Figure} figure @param {ModelCost} cost
 */
function differs({ parameters, macs }, cost) {
  const other = (/** @type {string | undefined} */ theirs, /** @type {number} */ ours) =>
    theirs !== undefined && ours.toFixed(theirs.split('.')[1]?.length ?? 0) !== theirs
  return other(parameters, cost.parameters / 1e6) || other(macs, cost.macs / 1e9)
}

/** @param {Figure} figure */
const quoted = ({ source, parameters, macs }) =>
  `${[parameters && `${parameters} M`, macs && `${macs} G`].filter(Boolean).join(', ')} (${source})`

/** @param {ModelEntry} entry @param {readonly Figure[]} figures @returns {[row: string, faults: string[]]} */
function describe({ name, family, resolution }, figures) {
  const cost = modelCost(name)
  const different = figures.filter(figure => differs(figure, cost))
  const notes = different.map(({ source, why }) => `${source}: ${why ?? 'unexplained'}`)
  const verdict = notes.join('; ') || (figures.length > 0 ? 'equal' : '')
  const size = [count.format(cost.parameters), (cost.macs / 1e9).toFixed(3), `${resolution}`]
  const cells = [name, family, ...size, figures.map(quoted).join('; '), verdict]
  const faults = different.filter(({ why }) => !why).map(figure => `${name}: ${quoted(figure)}`)
  return [`| ${cells.join(' | ')} |`, faults]
}

const figures = published()
const entries = listModels()
const described = entries.map(entry => describe(entry, figures.get(entry.name) ?? []))
const known = new Set(entries.map(({ name }) => name))
const compared = entries.filter(({ name }) => figures.has(name))
const agreeing = described.filter(([row]) => row.endsWith('| equal |'))
const faults = [
  ...described.flatMap(([, each]) => each),
  ...[...figures.keys()].filter(name => !known.has(name)).map(name => `no model ${name}`),
]

writeFileSync(
  join(root, 'results/models.md'),
  `# The models: \`node scripts/models-table.mjs\`

${entries.length} models. Parameters are what is trained, biases and gains included; G MACs are billions of
multiply-accumulates of convolutions and linear layers for one image with sides of "px" pixels, what
the papers call FLOPs. Of the ${compared.length} models of which something is published, ${agreeing.length} are equal: ours, rounded to
the digits of every figure, is the figure. Of the others the last column says why they are not. Where
it is empty, nothing published is known to us.

| model | family | parameters | G MACs | px | published | difference |
|---|---|---:|---:|---:|---|---|
${described.map(([row]) => row).join('\n')}

Sources:

${Object.entries(SOURCES)
  .map(([name, what]) => `- ${name}: ${what}`)
  .join('\n')}
`,
)
for (const fault of faults) console.error(`Unexplained: ${fault}`)
process.exitCode = faults.length > 0 ? 1 : 0
