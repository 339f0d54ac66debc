// Nets that are not built to keep unit variance, and have no norms: whether the signal explodes or
// dies along their depth, as measured on the noise.
import { digits, type Fix, type Found, type Rule, type Subject } from '../finding.ts'
import { isWeight, type SignalNode } from '../graph.ts'

/** What blocks add may grow by this much in all, or by this much if slowly. */
const MOST_GROWTH = { fast: 3, slow: 30, rate: 1.2 }
/** Without blocks: the mean square over that of the input. */
const RANGE = { low: 1e-5, high: 1e4 }

const meanSquare = ({ measured }: SignalNode): number =>
  measured ? measured.variance + measured.squaredMean : Number.NaN

/** What each open block without norms adds to the sum, as far as it is finite. */
function additions({ blocks }: Subject) {
  const open = blocks.filter(({ normed, silent }) => !normed && !silent)
  const added = open.map(block => ({
    block,
    added: block.weight ** 2 * meanSquare(block.end),
    level: meanSquare(block.sum),
  }))
  const end = added.findIndex(({ added, level }) => !Number.isFinite(added + level))
  return end < 0 ? added : added.slice(0, end)
}

function explosion(subject: Subject): Found[] {
  const steps = additions(subject)
  if (steps.length < 3) return []
  const last = steps.reduce((most, each, i) => (each.added > steps[most].added ? i : most), 0)
  const growth = steps[last].added / steps[0].added
  const rate = growth ** (1 / Math.max(1, last))
  const explodes =
    growth > MOST_GROWTH.slow || (growth > MOST_GROWTH.fast && rate > MOST_GROWTH.rate)
  if (!explodes) return []
  const grown = steps.filter(({ added }) => added > MOST_GROWTH.fast * steps[0].added)
  const fixes = steps.map(
    ({ block }): Fix => ({
      target: 'model',
      module: block.layers[block.layers.length - 1].module,
      property: 'weight',
      value: 0,
    }),
  )
  return [
    {
      rule: 'explosion',
      severity: 'fault',
      block: grown[0].block.name,
      blocks: grown.map(({ block }) => block.name),
      evidence: `${steps[last].block.name} adds ${digits(growth)} times as much as ${steps[0].block.name}: ${digits(rate)} times more in every block`,
      cause:
        'what a branch puts out follows the scale of its input: no norm and no beta divides that out, and nothing scales the branch down',
      change:
        'start the last layer of every branch at 0 (Fixup) or multiply branches by a scalar that starts at 0 (SkipInit); or divide inputs by their expected deviation',
      fixes,
    },
  ]
}

/** The signal along the net: behind its blocks, or behind its convolutions where it has none. */
function levels({ nodes, blocks, keepsUnitVariance }: Subject) {
  if (keepsUnitVariance || blocks.some(({ normed }) => normed)) return []
  if (blocks.length > 0)
    return blocks.map(({ name, sum }) => ({ name, level: meanSquare(sum), module: null }))
  return nodes
    .filter(isWeight)
    .filter(({ operator }) => operator !== 'linear')
    .map(node => ({ name: node.module, level: meanSquare(node), module: node.module }))
}

function decayOrGrowth(subject: Subject): Found[] {
  const input = meanSquare(subject.nodes[0])
  const all = levels(subject)
  const outside = all.filter(({ level }) => level / input < RANGE.low || level / input > RANGE.high)
  if (outside.length === 0) return []
  const [first] = outside
  const grows = first.level > input
  const convs = subject.nodes.filter(isWeight).filter(({ operator }) => operator !== 'linear')
  const fixes = convs.map(
    ({ module }): Fix => ({ target: 'model', module, property: 'weight', value: 'kaiming_normal' }),
  )
  return [
    {
      rule: grows ? 'explosion' : 'attenuation',
      severity: 'fault',
      block: first.name,
      blocks: outside.map(({ name }) => name),
      evidence: `the mean square is ${digits(first.level)} in ${first.name}, for an input of ${digits(input)}`,
      cause: `kernels let ${grows ? 'more' : 'less'} variance through than activations take away, layer by layer`,
      change:
        'draw the kernels with a variance of 2 / fan-in (He), or standardize them and give activations their gain',
      fixes,
    },
  ]
}

export const growth: Rule = {
  title: 'a signal that explodes or dies along the depth',
  source: 'NF-ResNets, section 3 and figure 6',
  examine(subject) {
    if (subject.keepsUnitVariance) return []
    const exploding = explosion(subject)
    return exploding.length > 0 ? exploding : decayOrGrowth(subject)
  },
}
