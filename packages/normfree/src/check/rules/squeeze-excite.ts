// Gates between 0 and 1 that nothing makes up for.
import { isMakeUp, unscaled } from '../blocks.ts'
import { digits, type Finding, type Fix, type Rule, type Subject } from '../finding.ts'
import { layerName, type SignalNode } from '../graph.ts'

/** A gate near 1/2 leaves a quarter of the variance; with the factor 2 it is 1. */
const LEAST = 0.6
const GATES = ['sigmoid', 'hardsigmoid']

interface Gate {
  node: SignalNode
  block: string
  /** Variance behind the gate over that in front of it. */
  kept: number
}

/** Sigmoid gates in the branches without norms. */
function gatesOf({ openBlocks, openNodes }: Subject): Gate[] {
  return openBlocks
    .filter(({ normed }) => !normed)
    .flatMap(({ name, nodes }) =>
      nodes.flatMap(node => {
        if (node.step.kind !== 'gate') return []
        const gated = node.inputs.find(({ shape }) => shape.join() === node.shape.join())
        const gate = node.inputs.find(input => input !== gated)
        if (!gate || !gated || !GATES.includes(throughViews(gate).operator)) return []
        const before = openNodes[throughViews(gated).index].measured?.variance
        const kept = (node.measured?.variance ?? 0) / (before ?? Number.NaN)
        return [{ node, block: name, kept: kept * makeUp(node, openNodes) ** 2 }]
      }),
    )
}

const throughViews = (node: SignalNode): SignalNode => unscaled(node).node

/** What multiplies the gated signal to make up for the gate. */
function makeUp(gate: SignalNode, nodes: readonly SignalNode[]): number {
  const next = nodes.find(node => node.inputs[0] === gate && isMakeUp(node))
  return next?.step.kind === 'scale' ? next.step.factor : 1
}

export const unscaledGate: Rule = {
  ids: ['unscaled-squeeze-excite'],
  title: 'squeeze-excite without its factor 2',
  source: 'NF-ResNets, appendix B.3',
  examine(subject) {
    const gates = gatesOf(subject).filter(({ kept }) => kept < LEAST)
    if (!subject.keepsUnitVariance || gates.length === 0) return []
    const fixes = gates.map(
      ({ node }): Fix => ({ target: 'model', module: node.module, property: 'gain', value: 2 }),
    )
    const blocks = gates.map(({ block }) => block)
    const finding: Finding = {
      rule: 'unscaled-squeeze-excite',
      severity: 'fault',
      block: blocks[0],
      blocks,
      evidence: `${layerName(gates[0].node)} leaves ${digits(gates[0].kept)} of the variance`,
      cause: 'a sigmoid gate is near 1/2 at initialisation, and nothing makes up for it',
      change: 'multiply the gate by 2 (SqueezeExcite and EfficientChannelAttention: gain 2)',
      source: unscaledGate.source,
      fixes,
    }
    return [finding]
  },
}
