// The residual blocks of a signal graph, found by their structure: a sum of two results of one
// tensor, of which one went through more layers.
import { isSum, isWeight, type SignalNode, type SumNode, type WeightNode } from './graph.ts'

/** shortcutWeight * shortcut + weight * branch, both made of `input`. */
export interface Block {
  /** Dotted name, with a number where its module has several. */
  name: string
  /** Dotted name of the module that adds, '' for the model itself. */
  module: string
  sum: SumNode
  input: SignalNode
  /** The end of the branch, before what only scales it. */
  end: SignalNode
  /** Layers of the branch in order. */
  layers: readonly WeightNode[]
  /** Layers of the shortcut; none where it is the identity (or subsamples). */
  shortcut: readonly WeightNode[]
  /** Everything between `input` and the end of the branch. */
  nodes: readonly SignalNode[]
  /** What multiplies the branch in the sum: alpha, SkipInit scalars. */
  weight: number
  shortcutWeight: number
  /** `weight` without what is learned: the papers' bookkeeping takes SkipInit scalars as 1. */
  fixedWeight: number
  /** A norm stands in the branch. */
  normed: boolean
  /** Nothing of the branch arrives. */
  silent: boolean
}

/**
 * All blocks, in the order of their sums. Several in one forward are numbered: `model#1`, `model#2`.
 *
 * @param model what the model itself is called, where it adds in its own forward
 */
export function residualBlocksOf(nodes: readonly SignalNode[], model: string): Block[] {
  const blocks = nodes.filter(isSum).flatMap(sum => blockOf(sum) ?? [])
  return blocks.map(block => {
    const { module } = block
    const beside = blocks.filter(each => each.module === module)
    const alone = module !== '' && beside.length === 1
    const name = alone ? module : `${module || model}#${beside.indexOf(block) + 1}`
    return { ...block, name }
  })
}

function blockOf(sum: SumNode): Omit<Block, 'name'> | null {
  const found = split(sum)
  if (!found) return null
  const { input, own } = found
  const layers = own.map(nodes => nodes.filter(isWeight))
  const branchAt = layers[0].length > layers[1].length ? 0 : 1
  const [branch, shortcut] = [layers[branchAt], layers[1 - branchAt]]
  if (branch.length === shortcut.length) return null
  const [first, second] = sum.inputs.map(unscaled)
  const scales = [first.factor, second.factor * sum.step.alpha]
  const end = [first, second][branchAt].node
  const weight = scales[branchAt]
  return {
    module: sum.module,
    sum,
    input,
    end,
    layers: branch,
    shortcut,
    nodes: own[branchAt],
    weight,
    fixedWeight: [first.fixed, second.fixed * sum.step.alpha][branchAt],
    shortcutWeight: scales[1 - branchAt],
    normed: own[branchAt].some(({ step }) => step.kind === 'norm'),
    silent: weight === 0 || end.measured?.variance === 0,
  }
}

/** What is behind multiplications. */
export interface Unscaled {
  node: SignalNode
  /** Product of what it is multiplied by. */
  factor: number
  /** The same without learned factors. */
  fixed: number
}

/** What is behind multiplications; a factor that makes up for a gate belongs to that. */
export function unscaled(node: SignalNode): Unscaled {
  let [at, factor, fixed] = [node, 1, 1]
  while (!isMakeUp(at)) {
    if (at.step.kind === 'scale') {
      factor *= at.step.factor
      if (!at.step.learned) fixed *= at.step.factor
    } else if (at.step.kind !== 'pass' || at.inputs.length !== 1) break
    at = at.inputs[0]
  }
  return { node: at, factor, fixed }
}

/** A factor above 1 right behind a gate; smaller ones are alphas and SkipInit scalars. */
export const isMakeUp = ({ step, inputs }: SignalNode): boolean =>
  step.kind === 'scale' && step.factor > 1 && inputs[0].step.kind === 'gate'

/** The last node that both operands come from, and what each has for itself, in order. */
function split(sum: SumNode): { input: SignalNode; own: [SignalNode[], SignalNode[]] } | null {
  const marks = new Map<SignalNode, number>()
  const mark = (node: SignalNode, bits: number) => marks.set(node, (marks.get(node) ?? 0) | bits)
  mark(sum.inputs[0], 1)
  mark(sum.inputs[1], 2)
  const open = new Set(marks.keys())
  const own: [SignalNode[], SignalNode[]] = [[], []]
  while (open.size > 0) {
    const node = [...open].reduce((last, each) => (each.index > last.index ? each : last))
    open.delete(node)
    const bits = marks.get(node) ?? 0
    if (bits === 3) return { input: node, own: [own[0].reverse(), own[1].reverse()] }
    own[bits - 1].push(node)
    for (const input of node.inputs) {
      mark(input, bits)
      open.add(input)
    }
  }
  return null
}
