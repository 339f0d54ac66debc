// What a signal plot shows of each statistic, and which of them a plot has panels for.
import type { SignalRecord, TapStatistic } from '@normfree/runs'

/** One panel of a signal plot. */
export interface SignalStatistic {
  key: TapStatistic
  title: string
  /** For narrow panels. */
  short: string
}

/** All statistics, in the order of the panels. No statistic has a unit. */
const STATISTICS: readonly SignalStatistic[] = [
  {
    key: 'channelSquaredMean',
    title: 'Average channel squared mean',
    short: 'channel squared mean',
  },
  { key: 'channelVariance', title: 'Average channel variance', short: 'channel variance' },
  {
    key: 'residualVariance',
    title: 'Residual branch: average channel variance',
    short: 'residual branch variance',
  },
  { key: 'activationMean', title: 'Mean of all activations', short: 'activation mean' },
  { key: 'pixelNorm', title: 'Average norm of a pixel over its channels', short: 'pixel norm' },
  {
    key: 'deadFraction',
    title: 'Share of channels that are 0 behind the activations',
    short: 'dead channels (share)',
  },
  {
    key: 'contribution',
    title: 'Variance that the branch adds, over the variance of the sum',
    short: 'contribution',
  },
  {
    key: 'channelCorrelation',
    title: 'Average |correlation| of two channels',
    short: 'channel correlation',
  },
  {
    key: 'spectralNorm',
    title: 'Largest singular value of the kernels',
    short: 'largest singular value',
  },
  {
    key: 'conditionNumber',
    title: 'Largest condition number of the kernels',
    short: 'condition number',
  },
  {
    key: 'effectiveRank',
    title: 'Least effective rank of the kernels (Gaussian kernels: 1)',
    short: 'effective rank',
  },
  {
    key: 'gradientVariance',
    title: 'Gradient of the loss: average channel variance',
    short: 'gradient variance',
  },
  {
    key: 'gradientRatio',
    title: 'Norm of a unit’s gradient over that of its weights, median',
    short: 'gradient / weight norm',
  },
]

/** Of those, the ones that have panels: the first two, and what else was measured anywhere. */
export const statisticsOf = (signals: readonly SignalRecord[]): SignalStatistic[] =>
  STATISTICS.filter(
    ({ key }, i) =>
      i < 2 || signals.some(({ taps }) => taps.some(tap => (tap[key] ?? null) !== null)),
  )

/** Whether the taps are single layers, of a model without residual branches. */
export const isByLayer = (signals: readonly SignalRecord[]): boolean =>
  signals.every(({ taps }) => taps.every(tap => tap.residualVariance === null))

/** Whether a statistic is one of the papers' three. */
export const isOfSignal = ({ key }: Pick<SignalStatistic, 'key'>): boolean =>
  STATISTICS.slice(0, 3).some(each => each.key === key)
