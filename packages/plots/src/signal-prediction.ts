// What a signal plot draws beside the measurement: what the operators and kernels let expect, or else
// what the family's bookkeeping says.
import type { SignalRecord, SignalTap, TapStatistic } from '@normfree/runs'

/** What is predicted of a statistic at a tap; null where nothing is. */
export function predictedOf(tap: SignalTap, key: TapStatistic): number | null {
  const { expected, predictedVariance } = tap
  if (expected) return expected[key as keyof typeof expected] ?? null
  return key === 'channelVariance' ? predictedVariance : null
}

/** Whether anything is predicted of a signal. */
export const isPredicted = ({ taps }: SignalRecord): boolean =>
  taps.some(tap => predictedOf(tap, 'channelVariance') !== null)

/**
 * Whether the plan of the family, by which its betas were chosen, is another line than the prediction:
 * more than a tenth apart at any tap, as where shortcuts average white noise.
 */
export const isOffPlan = ({ taps }: SignalRecord): boolean =>
  taps.some(({ expected, predictedVariance }) => {
    const variance = expected?.channelVariance
    if (variance === undefined || predictedVariance === null) return false
    return Math.abs(variance / predictedVariance - 1) > 0.1
  })
