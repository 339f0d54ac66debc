// Where the pass first put out NaN or infinity.
import { distinct, type Found, type Rule } from '../finding.ts'

export const nonFinite: Rule = {
  title: 'NaN or infinity in the forward pass',
  source: null,
  examine({ openNodes, openBlocks }) {
    const broken = openNodes.filter(
      ({ measured }) => measured && !Number.isFinite(measured.variance + measured.squaredMean),
    )
    if (broken.length === 0) return []
    const [first] = broken
    const block = openBlocks.find(
      ({ nodes, shortcut, sum }) =>
        nodes.includes(first) || shortcut.some(each => each === first) || sum === first,
    )
    const finding: Found = {
      rule: 'non-finite',
      severity: 'fault',
      block: block?.name ?? first.module,
      blocks: distinct([block?.name ?? first.module]),
      evidence: `${first.operator}${first.module ? ` in ${first.module}` : ''} is the first to put out values that are not finite`,
      cause: 'a weight that is not finite, a division by 0, or an overflow',
      change: `look at the weights of ${first.module || 'the model'} and at what it computes`,
      fixes: [],
    }
    return [finding]
  },
}
