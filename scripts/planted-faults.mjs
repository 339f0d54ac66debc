// `node scripts/planted-faults.mjs`: every fault that the check knows, planted in every net that can have
// it, and every model of the registry that is small enough, as it is; into results/planted-faults.md.
// Exits with 1 when a fault is missed, wrongly named or not mended, and on a false alarm. Takes about
// half an hour on two cores; `--faults` and `--healthy` do one half and print it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listModels, modelCost } from 'normfree'
import * as planted from '../packages/normfree/dist/check/planted.test.util.js'
import { falseAlarms, tryOut } from '../packages/normfree/dist/check/try-out.test.util.js'
import { root } from './setup.mjs'

/** @import { Fault, Healthy } from '../packages/normfree/dist/check/planted.test.util.js' */

/** Larger models are left out, and images are no larger than this, for the time it would take. */
const LIMITS = { parameters: 30e6, side: 160 }
/** But one VGG of each kind, which have no smaller ones. */
const LARGE = ['vgg11', 'vgg11_bn', 'rescale_vgg16']

/** @param {string} text */
const say = text => void process.stderr.write(`${text}\n`)

/** @type {string[]} */
const failures = []

/** @param {Healthy} net @param {Fault} fault */
function cell(net, fault) {
  const verdict = tryOut(net, fault)
  if (!verdict) return ''
  const { rules, blocks, afterFix } = verdict
  const named = rules.length === 1 && rules[0] === fault.rule
  const mended = afterFix === null || afterFix.length === 0
  const where = `${blocks[0] ?? ''}${blocks.length > 1 ? `, ${blocks[1]}` : ''}`
  const text = named
    ? `${where}${afterFix === null ? '' : mended ? '; mended' : `; still ${afterFix.join(', ')}`}`
    : `**${rules.join(', ') || 'missed'}**`
  if (!named || !mended) failures.push(`${fault.rule} (${fault.title}) in ${net.name}: ${text}`)
  say(`${net.name}: ${fault.title}: ${text}`)
  return text
}

/** @param {readonly Healthy[]} nets @param {readonly Fault[]} faults */
function table(nets, faults) {
  const head = ['rule', 'planted', ...nets.map(({ name }) => name)]
  const rows = faults.map(fault => [fault.rule, fault.title, ...nets.map(net => cell(net, fault))])
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
}

function faults() {
  const nets = [...planted.SMALL_NETS, ...planted.FURTHER_NETS]
  return `${table(nets, planted.FAULTS)}

${table([planted.OPERATOR_NET], planted.OPERATOR_FAULTS)}

${table(planted.NORMED_NETS, planted.NORM_FAULTS)}`
}

function healthy() {
  const wanted = listModels().filter(({ name }) => !name.endsWith('_nonorm'))
  const small = wanted.filter(
    ({ name }) => LARGE.includes(name) || modelCost(name).parameters <= LIMITS.parameters,
  )
  const checked = small.map(({ name, resolution }) => {
    const side = Math.min(resolution, LIMITS.side)
    const create = () => planted.registered(name, side, side).create()
    const alarms = falseAlarms({ name, side, smallSide: side, create })
    if (alarms.length > 0) failures.push(`false alarm in ${name}: ${alarms.join('; ')}`)
    say(`${name}: ${alarms.join('; ') || 'no fault found'}`)
    return name
  })
  return `No fault is found in these ${checked.length} models of the registry, those of at most
${LIMITS.parameters / 1e6} million parameters (and ${LARGE.join(', ')}) but the ones whose norms are taken out (\`*_nonorm\`), on images of at most
${LIMITS.side} pixels a side:

${checked.join(', ')}.`
}

const halves = { '--faults': faults, '--healthy': healthy }
const only = Object.entries(halves).filter(([flag]) => process.argv.includes(flag))
if (only.length > 0) for (const [, half] of only) console.log(half())
else
  writeFileSync(
    join(root, 'results', 'planted-faults.md'),
    `# Planted faults: \`node scripts/planted-faults.mjs\`

Each cell is one fault in one healthy net: the block that the check names first (with a second finding of
the same rule, its block too), and whether the net passes once the fixes that it proposes are applied.
Nothing else is found beside it. Empty: the net cannot have the fault.

${faults()}

## Healthy nets

${healthy()}
`,
  )
for (const failure of failures) say(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
