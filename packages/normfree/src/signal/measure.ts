// Signal propagation plots (NF-ResNets, section 3): three statistics of the activations at the stem
// and at every residual block, measured in one pass that keeps no activation.
import { ArgumentError, type nn, noGrad, ones, type Tensor, tidy } from '@normfree/torch'
import { undisturbed } from '../undisturbed.ts'
import { type ChannelStatistics, channelStatistics } from './statistics.ts'
import { residualBlocks, type TapListener, type TapOptions, withTaps } from './taps.ts'

/** One point of the plot. */
export interface SignalTap {
  /** 0 is the stem, i the output of block i. */
  index: number
  /** Dotted name of the block; 'stem' for the input of the first. */
  name: string
  stage: number
  /** Index within the stage; -1 for the stem. */
  block: number
  stageEnd: boolean
  /** Mean over channels of the squared mean over samples and positions. */
  channelSquaredMean: number
  /** Mean over channels of the biased variance over samples and positions. */
  channelVariance: number
  /** The same variance at the end of the residual branch; null for the stem, and for layers. */
  residualVariance: number | null
  /** What the family's bookkeeping expects of channelVariance; null where it makes no prediction. */
  predictedVariance: number | null
}

/**
 * Runs `model` on `input` (N, 3, H, W) in training mode, without recording, and measures every block
 * (see {@link withTaps} for what a block is). The model's state (running statistics, mode) is as before
 * afterwards.
 *
 * @throws ArgumentError as withTaps.
 */
export function measureSignal(
  model: nn.Module,
  input: Tensor,
  options: TapOptions = {},
): SignalTap[] {
  const taps: SignalTap[] = []
  let residualVariance: number | null = null
  const listener: TapListener = {
    stem: x => {
      taps.push(stemTap(channelStatistics(x)))
    },
    branch: (_, y) => {
      residualVariance = channelStatistics(y).variance
    },
    output: (place, y) => {
      const { squaredMean, variance } = channelStatistics(y)
      taps.push({
        ...place,
        channelSquaredMean: squaredMean,
        channelVariance: variance,
        residualVariance,
      })
    },
  }
  const pass = () => noGrad(() => tidy(() => void model.train()(input)))
  undisturbed(model, () => withTaps(model, listener, pass, options))
  return taps
}

const stemTap = ({ squaredMean, variance }: ChannelStatistics): SignalTap => ({
  index: 0,
  name: 'stem',
  stage: 0,
  block: -1,
  stageEnd: false,
  channelSquaredMean: squaredMean,
  channelVariance: variance,
  residualVariance: null,
  predictedVariance: null,
})

/**
 * Opens branches that start silent (SkipInit scalars, or gains of a last convolution, at 0) by
 * setting those to 1, as the papers do for their plots; nothing would be seen of the branches
 * otherwise.
 */
export function openBranches(model: nn.Module): void {
  noGrad(() => {
    for (const [, block] of residualBlocks(model)) {
      const scale = block.branchScale()
      if (scale) scale.copy_(ones(scale.shape))
    }
  })
}

/**
 * The mean of several measurements of the same model, tap by tap (draws of the weights, say).
 *
 * @throws ArgumentError when there are none, or they have not the same number of taps.
 */
export function meanSignal(draws: readonly (readonly SignalTap[])[]): SignalTap[] {
  const lengths = new Set(draws.map(({ length }) => length))
  if (lengths.size !== 1)
    throw new ArgumentError(
      `Expected at least one measurement, all of one model, for \`draws\` but received ${draws.length} with [${[...lengths].join(', ')}] taps.`,
    )
  const mean = (index: number, pick: (tap: SignalTap) => number | null) => {
    const values = draws.map(draw => pick(draw[index]))
    return values.includes(null)
      ? null
      : (values as number[]).reduce((sum, value) => sum + value, 0) / values.length
  }
  return draws[0].map((tap, i) => ({
    ...tap,
    channelSquaredMean: mean(i, t => t.channelSquaredMean) as number,
    channelVariance: mean(i, t => t.channelVariance) as number,
    residualVariance: mean(i, t => t.residualVariance),
  }))
}
