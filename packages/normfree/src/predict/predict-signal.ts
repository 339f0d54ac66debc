// The signal that a model is expected to have at initialisation, from its operators and its kernels
// alone: what the variance bookkeeping of a family says, for any model and for white noise too.
import { ArgumentError, nn, noGrad, tidy, zeros } from '@normfree/torch'
import { withTaps } from '../signal/taps.ts'
import { smallestBatch, undisturbed } from '../undisturbed.ts'
import { Interpreter } from './interpret.ts'
import { type Moments, statisticsOf } from './moments.ts'

/** Options of {@link predictSignal}. */
export interface PredictSignalOptions {
  /**
   * What the papers' bookkeeping assumes: pools that leave moments as they are, and images without
   * borders. Default false: white noise of unit variance, whose means over windows shrink.
   */
  smooth?: boolean
}

/** What is expected at one place; NaN behind an operator that is not known. */
export interface PredictedTap {
  /** 0 is the stem, i the output of block i. */
  index: number
  /** Dotted name of the block; 'stem' for the input of the first. */
  name: string
  /** Mean over channels of the squared mean over samples and positions. */
  channelSquaredMean: number
  /** Mean over channels of the variance over samples and positions. */
  channelVariance: number
  /** The same variance at the end of the residual branch; null where there is none. */
  residualVariance: number | null
}

/** What {@link predictSignal} gives. */
export interface SignalPrediction {
  /** In the order of measureSignal's. */
  taps: PredictedTap[]
  /** Operators that it had no rule for, and the modules that called them. */
  notes: string[]
}

/**
 * Expects the channel statistics of `model`, in training mode and as its weights are (see
 * openBranches), on N(0, 1) images of `inputShape` [C, H, W]. One pass over a batch of no images is
 * followed operator by operator: kernels enter by their own sums and sums of squares, activations by
 * quadrature, zero padding by the share of taps that it cuts off, means and maxima over windows as
 * over independent normal numbers. Nothing but the kernels is computed.
 *
 * @throws ArgumentError for an `inputShape` that is not three positive integers, and for a model
 * without residual blocks.
 */
export function predictSignal(
  model: nn.AnyModule,
  inputShape: readonly number[],
  { smooth = false }: PredictSignalOptions = {},
): SignalPrediction {
  if (inputShape.length !== 3 || !inputShape.every(size => Number.isInteger(size) && size > 0))
    throw new ArgumentError(
      `Expected [channels, height, width] for \`inputShape\` but received [${inputShape.join(', ')}].`,
    )
  const taps: PredictedTap[] = []
  const interpreter = new Interpreter(model, smooth)
  const input = zeros([batchOf(model), ...inputShape])
  const read = (moments: Moments | null) =>
    moments ? statisticsOf(moments) : { squaredMean: Number.NaN, variance: Number.NaN }
  let residualVariance: number | null = null
  const tap = (index: number, name: string, moments: Moments | null) => {
    const { squaredMean, variance } = read(moments)
    const statistics = { channelSquaredMean: squaredMean, channelVariance: variance }
    taps.push({ index, name, ...statistics, residualVariance })
    residualVariance = null
  }
  const listener = {
    stem: (x: typeof input) => tap(0, 'stem', interpreter.momentsOf(x)),
    branch: (_: unknown, y: typeof input) => {
      residualVariance = read(interpreter.momentsOf(y)).variance
    },
    output: ({ index, name }: { index: number; name: string }, y: typeof input) =>
      tap(index, name, interpreter.momentsOf(y)),
  }
  const pass = () =>
    noGrad(() => tidy(() => interpreter.run(input, () => void model.train()(input))))
  try {
    undisturbed(model, () => withTaps(model, listener, pass))
  } finally {
    input.dispose()
  }
  return { taps, notes: interpreter.notes }
}

/** LibTorch's instance norm has no empty batches. */
const batchOf = (model: nn.AnyModule): number =>
  model.modules().some(module => module instanceof nn.InstanceNorm2d) ? 1 : smallestBatch(model)
