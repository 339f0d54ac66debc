// Zero padding that takes too much of a branch: on small maps, most taps of a kernel lie outside.
import { digits, type Fix, type Found, type Rule } from '../finding.ts'
import { layerName } from '../graph.ts'

/** Share of the variance that a branch must keep. */
const LEAST = 0.5

export const paddingDecay: Rule = {
  title: 'maps so small that zero padding takes most of a branch',
  source: 'NF-ResNets, section 4.2',
  examine({ openBlocks, shape }) {
    const decayed = openBlocks
      .filter(({ normed, silent }) => !normed && !silent)
      .map(({ name, layers }) => ({
        name,
        kept: layers.reduce((product, { step }) => product * step.kernel.inside, 1),
        narrowest: layers.reduce((most, each) =>
          each.step.kernel.inside < most.step.kernel.inside ? each : most,
        ),
      }))
      .filter(({ kept }) => kept < LEAST)
    if (decayed.length === 0) return []
    const least = decayed.reduce((most, each) => (each.kept < most.kept ? each : most))
    const map = least.narrowest.inputs[0].shape.slice(2).join(' x ')
    const side = roomFor(least.kept, shape[1])
    const fix: Fix = { target: 'input', module: '', property: 'resolution', value: side }
    const blocks = decayed.map(({ name }) => name)
    const finding: Found = {
      rule: 'zero-padding-decay',
      severity: 'fault',
      block: blocks[0],
      blocks,
      evidence: `the branch of ${least.name} keeps ${digits(least.kept)} of its variance: ${layerName(least.narrowest)} reads a map of ${map} with its padding of zeros`,
      cause: `images of ${shape[1]} x ${shape[2]} are too small for the strides and dilations of this net`,
      change: `train on images of ${side} pixels a side or more, or stride and dilate less`,
      fixes: [fix],
    }
    return [finding]
  },
}

/**
 * A side that is large enough: what is lost at borders is about inversely proportional to the side,
 * so that the logarithm of what is kept is, too. Rounded up to the next multiple of the side.
 */
function roomFor(kept: number, side: number): number {
  return side * Math.ceil(Math.log(kept) / Math.log(LEAST) + 0.5)
}
