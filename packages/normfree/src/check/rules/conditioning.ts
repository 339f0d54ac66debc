// Kernels that have collapsed onto few directions, as those of nets that diverged.
import { digits, distinct, type Fix, type Found, type Rule } from '../finding.ts'
import { isWeight, layerName } from '../graph.ts'

/** Directions kept, over those of a normal kernel of the same shape. */
const LEAST = 0.05

export const illConditioned: Rule = {
  title: 'kernels that keep few directions',
  source: 'NF-ResNets, appendix A',
  examine({ openNodes, openBlocks }) {
    const collapsed = openNodes
      .filter(isWeight)
      .filter(({ step }) => step.kernel.spread !== null && step.kernel.spread < LEAST)
    if (collapsed.length === 0) return []
    const names = collapsed.map(
      node =>
        openBlocks.find(block => [...block.layers, ...block.shortcut].includes(node))?.name ??
        node.module,
    )
    const fixes = collapsed.map(
      ({ module }): Fix => ({
        target: 'model',
        module,
        property: 'weight',
        value: 'kaiming_normal',
      }),
    )
    const [first] = collapsed
    const finding: Found = {
      rule: 'ill-conditioned-kernel',
      severity: 'fault',
      block: names[0],
      blocks: distinct(names),
      evidence: `the kernel of ${layerName(first)} keeps ${digits(100 * (first.step.kernel.spread ?? 0))} % of the directions of a normal one of its shape`,
      cause: 'its singular values are far apart: a few of them hold nearly all of its energy',
      change: 'draw it anew; in training, lower the learning rate or clip adaptively',
      fixes,
    }
    return [finding]
  },
}
