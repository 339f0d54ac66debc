// Several measurements of one architecture as one: the mean, and the band that they lie in.
import { ArgumentError } from '@normfree/torch'
import type { SignalTap, TapStatistic } from './measure.ts'
import { OPTIONAL_STATISTICS } from './probes.ts'

const STATISTICS: readonly TapStatistic[] = [
  'channelSquaredMean',
  'channelVariance',
  'residualVariance',
  ...OPTIONAL_STATISTICS,
]

/**
 * The mean of several measurements of the same model, tap by tap (draws of the weights, say), with the
 * least and the largest in `bands` where there are several.
 *
 * @throws ArgumentError when there are none, or they have not the same number of taps.
 */
export function meanSignal(draws: readonly (readonly SignalTap[])[]): SignalTap[] {
  const lengths = new Set(draws.map(({ length }) => length))
  if (lengths.size !== 1)
    throw new ArgumentError(
      `Expected at least one measurement, all of one model, for \`draws\` but received ${draws.length} with [${[...lengths].join(', ')}] taps.`,
    )
  return draws.length === 1
    ? [...draws[0]]
    : draws[0].map((_, i) => meanTap(draws.map(each => each[i])))
}

function meanTap(taps: readonly SignalTap[]): SignalTap {
  const means: Partial<Record<TapStatistic, number>> = {}
  const bands: Partial<Record<TapStatistic, readonly [number, number]>> = {}
  for (const statistic of STATISTICS) {
    const values = taps.flatMap(tap => tap[statistic] ?? [])
    if (values.length === 0) continue
    means[statistic] = values.reduce((sum, value) => sum + value, 0) / values.length
    bands[statistic] = [Math.min(...values), Math.max(...values)]
  }
  return { ...taps[0], ...means, bands }
}

/** The first tap whose signal is not finite; null where all are. */
export const firstNonFinite = (taps: readonly SignalTap[]): SignalTap | null =>
  taps.find(tap => !Number.isFinite(tap.channelVariance)) ?? null
