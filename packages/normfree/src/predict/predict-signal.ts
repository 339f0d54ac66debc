// The signal that a model is expected to have at initialisation, from its operators and its kernels
// alone: what the variance bookkeeping of a family says, for any model and for white noise too.
import {
  ArgumentError,
  nn,
  noGrad,
  ops,
  type Tensor,
  TorchError,
  tidy,
  zeros,
} from '@normfree/torch'
import { residualBlocks, type TapListener, type TapOptions, withTaps } from '../signal/taps.ts'
import { smallestBatch, undisturbed } from '../undisturbed.ts'
import { Interpreter } from './interpret.ts'
import { statisticsOf } from './moments.ts'

/** Options of {@link predictSignal}. */
export interface PredictSignalOptions extends TapOptions {
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
 * @throws ArgumentError for an `inputShape` that is not three positive integers, and as withTaps.
 */
export function predictSignal(
  model: nn.AnyModule,
  inputShape: readonly number[],
  { smooth = false, ...tapOptions }: PredictSignalOptions = {},
): SignalPrediction {
  checkInputShape(inputShape)
  return withSamples(model, samples =>
    followed(model, [samples, ...inputShape], { smooth, ...tapOptions }),
  )
}

/** The prediction for a batch of that shape. */
function followed(
  model: nn.AnyModule,
  shape: readonly number[],
  { smooth = false, ...tapOptions }: PredictSignalOptions,
): SignalPrediction {
  const interpreter = new Interpreter(model, smooth)
  const record: ops.OperatorObserver = (...run) => interpreter.record(...run)
  const { taps, listener } = tapReader(interpreter)
  // What our own models are made of is heard here; of others withTaps tells, which listens itself.
  const listens = tapOptions.blocks === undefined && residualBlocks(model).length > 0
  const forward = (input: Tensor) => void model.train()(input)
  const pass = () => {
    const input = zeros(shape)
    interpreter.run(input, () =>
      listens ? ops.observe(record, () => forward(input)) : forward(input),
    )
  }
  const told = listens ? listener : { ...listener, operator: record }
  undisturbed(model, () => noGrad(() => tidy(() => withTaps(model, told, pass, tapOptions))))
  return { taps, notes: interpreter.notes }
}

/** Reads off what is known of each tap as the pass comes by. */
function tapReader(interpreter: Interpreter): { taps: PredictedTap[]; listener: TapListener } {
  const taps: PredictedTap[] = []
  const read = (x: Tensor) => {
    const moments = interpreter.momentsOf(x)
    return moments ? statisticsOf(moments) : { squaredMean: Number.NaN, variance: Number.NaN }
  }
  let residualVariance: number | null = null
  const tap = (index: number, name: string, x: Tensor) => {
    const { squaredMean, variance } = read(x)
    const statistics = { channelSquaredMean: squaredMean, channelVariance: variance }
    taps.push({ index, name, ...statistics, residualVariance })
    residualVariance = null
  }
  const listener: TapListener = {
    stem: x => tap(0, 'stem', x),
    branch: (_, y) => {
      residualVariance = read(y).variance
    },
    output: ({ index, name }, y) => tap(index, name, y),
  }
  return { taps, listener }
}

/** Throws ArgumentError for what is not [C, H, W]. */
export function checkInputShape(inputShape: readonly number[]): void {
  if (inputShape.length !== 3 || !inputShape.every(size => Number.isInteger(size) && size > 0))
    throw new ArgumentError(
      `Expected [channels, height, width] for \`inputShape\` but received [${inputShape.join(', ')}].`,
    )
}

/** Gives `work` the number of samples that a pass of which nothing is computed takes: none, or a few. */
export function withSamples<T>(model: nn.AnyModule, work: (samples: number) => T): T {
  const samples = samplesOf(model)
  try {
    return work(samples)
  } catch (error) {
    // A view with a -1 in it, for one, has no meaning without samples.
    const refused = error instanceof ArgumentError && !(error.cause instanceof TorchError)
    if (samples === SEVERAL || refused) throw error
    return work(SEVERAL)
  }
}

/** Enough for every layer in training mode. */
const SEVERAL = 2

/** None, where LibTorch takes that: its instance norm does not, nor do kernels in channels_last. */
const samplesOf = (model: nn.AnyModule): number =>
  smallestBatch(model) > 0 || model.modules().some(module => module instanceof nn.InstanceNorm2d)
    ? SEVERAL
    : 0
