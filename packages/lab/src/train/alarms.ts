// What counts as a collapse of the signal, and what it likely comes from. Pure numbers: no tensor, no
// state. When these networks collapse, activations blow up or die while the weights stay moderate, and
// the singular values of the kernels become badly conditioned (NF-ResNets, Appendix A).
import type { SignalTap } from '@normfree/runs'

/** What an alarm is judged by. */
export type Reading = Pick<
  SignalTap,
  'name' | 'channelVariance' | 'deadFraction' | 'spectralNorm' | 'conditionNumber'
>

/** Something that the user should know of. */
export interface Alarm {
  /** Whether the run is as good as lost: what a roll-back is for. */
  readonly collapse: boolean
  /** Evidence, block, likely cause. */
  readonly message: string
}

/** Where alarms begin; factors are those of the first measurement at the same block. */
export const LIMITS = {
  /** Factor of the channel variance, upwards. */
  explosion: 1000,
  /** Factor of the channel variance, downwards. */
  vanishing: 100,
  /** Share of a block's rectified channels that are 0 throughout. */
  dead: 0.95,
  /** Factor of the condition number of a block's worst kernel. */
  condition: 30,
  /** Factor of a block's largest singular value, above which its weights are not moderate. */
  grown: 10,
  /** Share of clipped units. */
  clipped: 0.99,
} as const

/** One block, at the first measurement and now. */
interface Pair {
  readonly first: Reading
  readonly now: Reading
}

/** The alarms of one measurement: of each kind the first block, in the order of the pass. */
export function signalAlarms(first: readonly Reading[], now: readonly Reading[]): Alarm[] {
  const pairs = now.map(tap => ({
    first: first.find(({ name }) => name === tap.name) ?? tap,
    now: tap,
  }))
  return EVIDENCE.flatMap(evidence => {
    for (const pair of pairs) {
      const found = evidence(pair)
      const message = `${found} in ${pair.now.name}: ${causeOf(pairs)}`
      if (found !== null) return [{ collapse: true, message }]
    }
    return []
  })
}

/** The alarm of adaptive clipping that clips everything: the settings are wrong, the signal is whole. */
export function clipAlarms(share: number): Alarm[] {
  if (!(share >= LIMITS.clipped)) return []
  const message = `${percent(share)} of all units are clipped: clip.factor is too small for this rate and batch size, or optimizer.lr too high`
  return [{ collapse: false, message }]
}

/** What is wrong with a block, in words; null where nothing is. */
const EVIDENCE: readonly ((pair: Pair) => string | null)[] = [
  ({ now }) =>
    Number.isFinite(now.channelVariance) ? null : 'activations are not finite any more',
  pair => {
    const factor = pair.now.channelVariance / pair.first.channelVariance
    return factor > LIMITS.explosion ? `the variance grew ${times(factor)}` : null
  },
  pair => {
    const factor = pair.first.channelVariance / pair.now.channelVariance
    return factor > LIMITS.vanishing ? `the variance shrank ${times(factor)}` : null
  },
  ({ now: { deadFraction = 0 } }) =>
    deadFraction > LIMITS.dead
      ? `${percent(deadFraction)} of the rectified channels are dead`
      : null,
  pair => {
    const factor = conditioning(pair)
    return factor > LIMITS.condition
      ? `the worst kernel is conditioned ${times(factor)} worse`
      : null
  },
]

/** Weights that grew explain all else; if they did not, it is their directions. */
function causeOf(pairs: readonly Pair[]): string {
  const growth = ({ first, now }: Pair) => (now.spectralNorm ?? 0) / (first.spectralNorm ?? 1)
  const worst = pairs.find(pair => growth(pair) > LIMITS.grown)
  if (worst)
    return `the weights of ${worst.now.name} grew ${times(growth(worst))}; a lower optimizer.lr, clipping or more weight decay may help`
  const condition = Math.max(...pairs.map(conditioning))
  const what =
    condition > LIMITS.condition / 3
      ? `kernels are conditioned up to ${times(condition)} worse while their norms are moderate, as in a collapse`
      : 'the norms of the weights are moderate'
  return `${what}; a lower optimizer.lr or a longer warm-up may help`
}

/** How much worse the worst kernel is conditioned; 0 where that is not known. */
const conditioning = ({ first, now }: Pair): number =>
  (now.conditionNumber ?? 0) / (first.conditionNumber ?? 1) || 0

const times = (factor: number): string =>
  `${Number(factor.toPrecision(2)).toLocaleString('en-US')} times`
const percent = (share: number): string => `${(100 * share).toFixed(0)}%`
