// Gates between 0 and 1 that nothing makes up for.
import { isMakeUp, unscaled } from '../blocks.ts'
import { digits, type Fix, type Found, type Rule, type Subject } from '../finding.ts'
import { layerName, type SignalNode } from '../graph.ts'

/** Of the variance. A gate near 1/2 leaves a quarter of it; with the factor 2, all. */
const LEAST = 0.6
const GATES = ['sigmoid', 'hardsigmoid']

interface Gate {
  node: SignalNode
  block: string
  /** Share of the variance that it leaves at initialisation. */
  kept: number
}

/** Sigmoid gates, one a channel, in the branches without norms. */
function gatesOf({ openBlocks, openNodes, layers }: Subject): Gate[] {
  // Converted convolutions make up for gates by their scales.
  const converted = new Set(layers.filter(layer => layer.converted).map(({ block }) => block))
  return openBlocks
    .filter(block => !block.normed && !converted.has(block))
    .flatMap(({ name, nodes }) =>
      nodes.flatMap(node => {
        const factor = node.step.kind === 'gate' ? gateFactor(node) : null
        if (factor === null) return []
        return [{ node, block: name, kept: (factor * 0.5 * makeUp(node, openNodes)) ** 2 }]
      }),
    )
}

/** By what a sigmoid gate is multiplied before it gates; null where this is no gate of channels. */
function gateFactor({ shape, inputs }: SignalNode): number | null {
  const gate = inputs.find(input => input.shape.join() !== shape.join())
  const found = gate && unscaled(gate)
  return found && GATES.includes(found.node.operator) ? found.factor : null
}

/** What multiplies the gated signal to make up for the gate. */
function makeUp(gate: SignalNode, nodes: readonly SignalNode[]): number {
  const next = nodes.find(node => node.inputs[0] === gate && isMakeUp(node))
  return next?.step.kind === 'scale' ? next.step.factor : 1
}

export const unscaledGate: Rule = {
  title: 'squeeze-excite without its factor 2',
  source: 'NF-ResNets, appendix B.3',
  examine(subject) {
    const gates = gatesOf(subject).filter(({ kept }) => kept < LEAST)
    if (!subject.keepsUnitVariance || gates.length === 0) return []
    const fixes = gates.map(
      ({ node }): Fix => ({ target: 'model', module: node.module, property: 'gain', value: 2 }),
    )
    const blocks = gates.map(({ block }) => block)
    const finding: Found = {
      rule: 'unscaled-squeeze-excite',
      severity: 'fault',
      block: blocks[0],
      blocks,
      evidence: `${layerName(gates[0].node)} leaves ${digits(gates[0].kept)} of the variance at initialisation`,
      cause: 'a sigmoid gate is near 1/2 there, and nothing makes up for it',
      change: 'multiply the gate by 2 (SqueezeExcite and EfficientChannelAttention: gain 2)',
      fixes,
    }
    return [finding]
  },
}
