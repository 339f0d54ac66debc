// Units whose activation puts out one value whatever goes in.

import { digits, distinct, type Fix, type Found, type Rule } from '../finding.ts'
import { isActivationNode, isWeight, layerName, type SignalNode } from '../graph.ts'
import { throughPools } from '../layers.ts'

/** Fixup and SkipInit nets have up to a quarter on noise: their kernels make mean shifts. */
const MOST = 0.4
/** With fewer values a channel may be constant by chance. */
const FEWEST_SAMPLES = 64

export const deadUnits: Rule = {
  title: 'units that are constant on every image',
  source: 'RescaleNet (NeurIPS 2020), on dead ReLUs',
  examine({ openNodes, openBlocks }) {
    const dead = openNodes.flatMap(node => {
      if (!isActivationNode(node) || !node.measured) return []
      // Channels of zeros that pad a shortcut are no units: a layer must stand in front.
      const layer = biasedInFront(node)
      const { deadShare, samples } = node.measured
      return layer && samples >= FEWEST_SAMPLES && deadShare > MOST
        ? [{ node, layer, deadShare }]
        : []
    })
    if (dead.length === 0) return []
    const inBlock = (node: SignalNode) =>
      openBlocks.find(({ nodes }) => nodes.includes(node))?.name ?? node.module
    const blocks = distinct(dead.map(({ node }) => inBlock(node)))
    const fixes = dead.map(
      ({ layer }): Fix => ({ target: 'model', module: layer.module, property: 'bias', value: 0 }),
    )
    const [{ layer, deadShare }] = dead
    const finding: Found = {
      rule: 'dead-units',
      severity: 'fault',
      block: blocks[0],
      blocks,
      evidence: `${digits(100 * deadShare)} % of the units behind ${layerName(layer)} put out the same for every image and position`,
      cause:
        'their biases (or the mean shift in front of them) keep them where the activation is flat',
      change: 'start biases at 0; with mean shifts, standardize the kernels or centre the inputs',
      fixes,
    }
    return [finding]
  },
}

/** The layer that an activation reads, or the norm behind one; null where it reads a sum or the like. */
function biasedInFront(node: SignalNode): SignalNode | null {
  const { node: source } = throughPools(node.inputs[0])
  return source.step.kind === 'norm' || isWeight(source) ? source : null
}
