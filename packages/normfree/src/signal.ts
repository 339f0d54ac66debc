// Signal propagation plots (NF-ResNets, section 3): three statistics of the activations at the stem
// and at every residual block, measured in one pass that keeps no activation.
import { ArgumentError, type nn, noGrad, ones, type Tensor, tidy } from '@normfree/torch'
import { ResidualBlock } from './models/residual-block.ts'
import { undisturbed } from './undisturbed.ts'

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
  /** The same variance at the end of the residual branch; null for the stem. */
  residualVariance: number | null
  /** What the family's bookkeeping expects of channelVariance; null where it makes no prediction. */
  predictedVariance: number | null
}

export interface ChannelStatistics {
  squaredMean: number
  variance: number
}

/** Statistics of (N, C, H, W): mean over channels of (mean over N, H, W)^2 and of the biased variance. */
export function channelStatistics(x: Tensor): ChannelStatistics {
  return noGrad(() =>
    tidy(() => {
      const [variance, mean] = x.detach().to('float32').varMean([0, 2, 3], { correction: 0 })
      return { squaredMean: mean.square().mean().item(), variance: variance.mean().item() }
    }),
  )
}

/** The residual blocks of a model in forward order, with their names. */
export const residualBlocks = (model: nn.AnyModule): [string, ResidualBlock][] =>
  [...model.namedModules()].filter(
    (entry): entry is [string, nn.AnyModule & ResidualBlock] => entry[1] instanceof ResidualBlock,
  )

/**
 * Runs `model` once on `input` (N, 3, H, W) in training mode, without recording, and measures every
 * block. The model's state (running statistics, mode) is as before afterwards.
 *
 * @throws ArgumentError when the model has no residual blocks.
 */
export function measureSignal(model: nn.Module, input: Tensor): SignalTap[] {
  const blocks = residualBlocks(model)
  if (blocks.length === 0)
    throw new ArgumentError(
      `Expected a model with residual blocks but ${model.constructor.name} has none.`,
    )
  const taps: SignalTap[] = []
  const handles = blocks.flatMap(([name, block], i) => tapBlock(name, block, i, taps))
  try {
    undisturbed(model, () => noGrad(() => tidy(() => void model.train()(input))))
  } finally {
    for (const handle of handles) handle.remove()
  }
  return taps
}

function tapBlock(name: string, block: ResidualBlock, i: number, taps: SignalTap[]) {
  let residualVariance = Number.NaN
  const stem = block.registerForwardPreHook((_, [x]) => {
    if (i === 0) taps.push(stemTap(channelStatistics(x)))
  })
  const branch = block.residual.registerForwardHook((_, __, y) => {
    residualVariance = channelStatistics(y).variance
  })
  const output = block.registerForwardHook((_, __, y) => {
    const { squaredMean, variance } = channelStatistics(y)
    taps.push({
      index: i + 1,
      name,
      ...block.position,
      channelSquaredMean: squaredMean,
      channelVariance: variance,
      residualVariance,
    })
  })
  return [stem, branch, output]
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
