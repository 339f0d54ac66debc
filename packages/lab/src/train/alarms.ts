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

/**
 * Where alarms begin; factors are those of the first measurement at the same block. Set between what
 * small nets show at rates that train them and at ten to a hundred times those (watch.test.ts).
 */
export const LIMITS = {
  /** Factor of the channel variance, upwards. */
  explosion: 1000,
  /** The channel variance over its first value, or over `faint` where it began larger. */
  vanishing: 0.05,
  /** Nets without norm start with variances far above 1, and lose them while they learn. */
  faint: 0.1,
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
  const before = new Map(first.map(tap => [tap.name, tap]))
  const pairs = now.map(tap => ({ first: before.get(tap.name) ?? tap, now: tap }))
  return EVIDENCE.flatMap(evidence => {
    for (const pair of pairs) {
      const found = evidence(pair)
      const message = `${pair.now.name}: ${found}; ${causeOf(pairs)}`
      if (found !== null) return [{ collapse: true, message }]
    }
    return []
  })
}

/** The alarm of adaptive clipping that clips everything: the settings are wrong, the signal is whole. */
export function clipAlarms(share: number): Alarm[] {
  if (!(share >= LIMITS.clipped)) return []
  const message = `${percent(share)} of all units are clipped; clip.factor is too small for this batch size, or optimizer.lr too high`
  return [{ collapse: false, message }]
}

/** What is wrong with a block, in words; null where nothing is. */
const EVIDENCE: readonly ((pair: Pair) => string | null)[] = [
  ({ now }) => (Number.isFinite(now.channelVariance) ? null : 'activations are not finite'),
  ({ first: { channelVariance: first }, now: { channelVariance: now } }) =>
    now > first * LIMITS.explosion ? `the variance rose ${fromTo(first, now)}` : null,
  ({ first: { channelVariance: first }, now: { channelVariance: now } }) =>
    now < Math.min(first, LIMITS.faint) * LIMITS.vanishing
      ? `the variance fell ${fromTo(first, now)}`
      : null,
  ({ now: { deadFraction = 0 } }) =>
    deadFraction > LIMITS.dead
      ? `${percent(deadFraction)} of the rectified channels are dead`
      : null,
  ({ first: { conditionNumber: first = 0 }, now: { conditionNumber: now = 0 } }) =>
    first > 0 && now > first * LIMITS.condition
      ? `the worst kernel's condition number rose ${fromTo(first, now)}`
      : null,
]

/** Where weights grew, that is the cause; where not, it is what the paper describes. */
function causeOf(pairs: readonly Pair[]): string {
  const grown = pairs.find(
    ({ first: { spectralNorm: first = 0 }, now: { spectralNorm: now = 0 } }) =>
      first > 0 && now > first * LIMITS.grown,
  )
  if (!grown)
    return 'the weights are still moderate: a lower optimizer.lr or a longer warm-up may help'
  const { first, now } = grown
  return `the weights of ${now.name} grew, their largest singular value ${fromTo(first.spectralNorm, now.spectralNorm)}: a lower optimizer.lr, clipping or more weight decay may help`
}

const fromTo = (first = 0, now = 0): string => `from ${short(first)} to ${short(now)}`
const short = (value: number): string => `${Number(value.toPrecision(2))}`
const percent = (share: number): string => `${Math.floor(100 * share)}%`
