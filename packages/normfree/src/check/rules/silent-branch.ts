// Branches that start at 0 and are clipped so tightly that they stay there: adaptive clipping bounds
// a step by lambda max(|p|, eps), so that a parameter at 0 grows by at most lr lambda eps a step.
import { digits, distinct, type Found, type Rule } from '../finding.ts'
import { isVector, silencersOf } from '../silencers.ts'

/** What an open branch has as 1 should at least get to this. */
const AWAKE = 0.1

export const staysSilent: Rule = {
  title: 'branches that never wake up under adaptive clipping',
  source: 'NFNets, section 4',
  examine({ model, blocks, training }) {
    if (!training?.clip) return []
    const { clip } = training
    const bound = reach(training.lr, training.momentum, training.steps, clip)
    const excluded = (name: string) =>
      clip.exclude.some(each => name === each || name.startsWith(`${each}.`))
    const asleep = silencersOf(model, blocks)
      // A vector is one unit: its norm is bounded, its elements by that over the root of their number.
      .map(({ block, name, parameter }) => ({
        ...{ block: block.name, name },
        reach: isVector(parameter) ? bound / Math.sqrt(parameter.numel) : bound,
      }))
      .filter(({ name, reach }) => reach < AWAKE && !excluded(name))
    if (asleep.length === 0) return []
    const names = asleep.map(({ name }) => name)
    const finding: Found = {
      rule: 'branch-stays-silent',
      severity: 'fault',
      block: asleep[0].block,
      blocks: distinct(asleep.map(({ block }) => block)),
      evidence: `after ${training.steps} steps ${names[0]} can have reached ${digits(asleep[0].reach)} at most (lr ${training.lr}, lambda ${clip.factor}, eps ${clip.eps})`,
      cause:
        'it starts at 0, and adaptive clipping lets a unit grow by lr lambda max(norm, eps) a step',
      change: `leave what starts at 0 out of the clipping (exclude: ${names[0]}${names.length > 1 ? ', ...' : ''}), or raise eps, the rate or the steps`,
      fixes: [
        {
          target: 'training',
          module: '',
          property: 'clip.exclude',
          value: [...clip.exclude, ...names],
        },
      ],
    }
    return [finding]
  },
}

/**
 * How large the norm of a unit that starts at 0 can get, every step in one direction: linear up to
 * eps, exponential from there. A rate that warms up and decays as a cosine counts half its peak.
 */
export function reach(
  lr: number,
  momentum: number,
  steps: number,
  { factor, eps }: { factor: number; eps: number },
): number {
  const growth = (steps * lr * factor) / 2 / (1 - momentum)
  return growth <= 1 ? eps * growth : eps * Math.exp(growth - 1)
}
