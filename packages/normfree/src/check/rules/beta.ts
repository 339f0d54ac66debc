// Whether every block divides by the standard deviation that its input is expected to have. That is
// worked out from the structure alone: the weights of the sums, and where shortcuts take the
// normalized input. So one wrong beta is one finding, and does not make those behind it wrong.
import type { Block } from '../blocks.ts'
import { digits, type Fix, type Found, type Rule, type Subject } from '../finding.ts'
import { gainWanted, type Layer } from '../layers.ts'

/** Of the standard deviation. */
const TOLERANCE = 0.03
/** Less than this is a warning: the net will train, on a signal that is a little off. */
const FAULT_FROM = 0.1

interface Entry {
  block: Block
  layer: Layer
  beta: number
  expected: number
  /** What it would be expected if some resets in front of it were left out. */
  withoutReset: readonly number[]
  /** The last block in front of it whose shortcut takes the normalized input. */
  reset: Block | null
}

const off = (entry: Entry, expected = entry.expected): number =>
  Math.abs(Math.log(entry.beta / expected))

/** By how much the gains inside branches are off as a whole; an entry's product hides that. */
function commonGain(layers: readonly Layer[]): number {
  const ratios = layers
    .filter(({ activation, entry }) => activation && !entry)
    .map(layer => (layer.factor * layer.gamma) / gainWanted(layer))
    .sort((a, b) => a - b)
  return ratios.length === 0 ? 1 : ratios[Math.floor(ratios.length / 2)]
}

/** Every block that begins with an activation, in order. */
function entriesOf({ openBlocks, layers }: Subject): Entry[] {
  const byNode = new Map(layers.map(layer => [layer.node, layer]))
  const gain = commonGain(layers)
  let [variance, others]: [number, number[]] = [1, []]
  let reset: Block | null = null
  const entries: Entry[] = []
  for (const block of openBlocks) {
    const [layer, shortcut] = [byNode.get(block.layers[0]), byNode.get(block.shortcut[0])]
    if (layer?.activation && !layer.converted) {
      const product = layer.factor * layer.gamma * layer.before
      const beta = layer.beta ?? (gainWanted(layer) * gain) / product
      const [expected, withoutReset] = [Math.sqrt(variance), others.map(Math.sqrt)]
      entries.push({ block, layer, beta, expected, withoutReset, reset })
    }
    const [kept, added] = [block.shortcutWeight ** 2, block.fixedWeight ** 2]
    // A shortcut that is a layer on what the branch reads, too, starts from variance 1.
    const resets = shortcut?.activation && shortcut.activation === layer?.activation
    const grown = resets ? [variance, ...others] : others
    others = grown.map(each => kept * each + added)
    variance = kept * (resets ? 1 : variance) + added
    if (resets) reset = block
  }
  return entries
}

/** Consecutive entries behind the same reset. */
function stagesOf(entries: readonly Entry[]): Entry[][] {
  const stages = new Map<Block | null, Entry[]>()
  for (const entry of entries) stages.set(entry.reset, [...(stages.get(entry.reset) ?? []), entry])
  return [...stages.values()]
}

/** One of the growths without a reset describes all betas of the stage, and the right one does not. */
const missesReset = (stage: readonly Entry[]): boolean =>
  stage.every(entry => off(entry) > TOLERANCE / 2) &&
  stage[0].withoutReset.some((_, i) =>
    stage.every(entry => off(entry, entry.withoutReset[i]) < TOLERANCE / 2),
  )

const betaFixes = (entries: readonly Entry[]): Fix[] =>
  entries.flatMap(({ layer, expected }): Fix[] => {
    const scaled = layer.activation?.step.scaled
    const value = Number(expected.toPrecision(12))
    return scaled ? [{ target: 'model', module: scaled.name, property: 'beta', value }] : []
  })

const missingReset = (stage: readonly Entry[]): Found => {
  const [first] = stage
  const at = (first.reset as Block).name
  const blocks = stage.map(({ block }) => block.name)
  return {
    rule: 'missing-reset',
    severity: 'fault',
    block: at,
    blocks: [at, ...blocks],
    evidence: `${first.block.name} divides by ${digits(first.beta)}, where ${digits(first.expected)} is expected; its stage goes on growing from there`,
    cause: `the shortcut of ${at} is a layer on the normalized input, so that variance starts at 1 again, but the betas behind it grow on as if it had not`,
    change: `let the betas behind ${at} start from 1 + alpha^2 (its root: betas are standard deviations)`,
    fixes: betaFixes(stage),
  }
}

const isFault = (entry: Entry): boolean => off(entry) > FAULT_FROM

/** One finding of all that are wrong in the same way. */
function mismatch(entries: readonly Entry[]): Found[] {
  if (entries.length === 0) return []
  const worst = entries.reduce((most, each) => (off(each) > off(most) ? each : most))
  const { block, beta, expected } = worst
  const squared = Math.abs(Math.log(beta / expected ** 2)) < 0.01 && expected > 1.05
  const blocks = entries.map(each => each.block.name)
  return [
    {
      rule: 'beta-mismatch',
      severity: isFault(worst) ? 'fault' : 'warning',
      block: blocks[0],
      blocks,
      evidence: `${block.name} divides its input by ${digits(beta)}, whose expected standard deviation is ${digits(expected)}: the branch sees variance ${digits((expected / beta) ** 2)}, not 1`,
      cause: squared
        ? 'beta is the variance of the input, not its standard deviation'
        : 'beta does not follow from the blocks in front of it',
      change: `set beta to ${expected.toPrecision(6)}${entries.length > 1 ? ', and so on' : ''}`,
      fixes: betaFixes(entries),
    },
  ]
}

export const expectedDeviation: Rule = {
  title: 'betas that are not the standard deviation of what they divide',
  source: 'NF-ResNets, sections 4 and 4.5',
  examine(subject) {
    if (!subject.keepsUnitVariance) return []
    const stages = stagesOf(entriesOf(subject))
    const wrong = stages
      .filter(stage => !missesReset(stage))
      .flatMap(stage => stage.filter(entry => off(entry) > TOLERANCE))
    return [
      ...stages.filter(missesReset).map(missingReset),
      ...mismatch(wrong.filter(isFault)),
      ...mismatch(wrong.filter(entry => !isFault(entry))),
    ]
  },
}
