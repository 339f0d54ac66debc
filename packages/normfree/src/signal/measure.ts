// Signal propagation plots (NF-ResNets, section 3): statistics of the activations at the stem and at
// every block, measured in one pass that keeps no activation.
import { ArgumentError, keep, type nn, noGrad, ones, randint, Tensor, tidy } from '@normfree/torch'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { ModulePath, namingModule } from '../module-path.ts'
import { undisturbed } from '../undisturbed.ts'
import { unitRatios } from './gradient.ts'
import {
  FORWARD_PROBES,
  OPTIONAL_STATISTICS,
  type OptionalStatistic,
  type Probe,
  type Reading,
  spectraOnce,
} from './probes.ts'
import { channelMoments, read } from './statistics.ts'
import {
  residualBlocks,
  type TapListener,
  type TapOptions,
  type TapPlace,
  withTaps,
} from './taps.ts'

/** Whatever is measured at a tap. */
export type TapStatistic =
  | 'channelSquaredMean'
  | 'channelVariance'
  | 'residualVariance'
  | OptionalStatistic

/**
 * One point of the plot. Beside the three statistics of the papers it has those that were asked for,
 * where there is something to measure:
 * - `activationMean`, of all elements; `pixelNorm`, the mean over samples and positions of the norm over
 *   channels (both in NF-ResNets, Appendix G.2, and rejected there);
 * - `deadFraction`: of the channels behind the block's rectifiers (ReLU, ReLU6, hard swish, clamps), the
 *   share that is 0 for all samples and positions;
 * - `contribution`: variance of the branch as it is added, over the variance of the sum;
 * - `channelCorrelation`: mean |correlation| over pairs of channels, 0 for independent ones;
 * - `spectralNorm` and `conditionNumber`, the largest of the block's kernels, and `effectiveRank`, the
 *   least (see {@link KernelSpectrum});
 * - `gradientVariance`, of the loss's gradient at the output, as channelVariance is of the output;
 * - `gradientRatio`, the median over the block's units of ||G|| / ||W|| (see {@link unitRatios}).
 */
export interface SignalTap extends Partial<Record<OptionalStatistic, number>> {
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
  /** What predictSignal expects on this input; without what it does not know. */
  expected?: Partial<Record<'channelSquaredMean' | 'channelVariance' | 'residualVariance', number>>
  /** Least and largest over the draws, where there were several. */
  bands?: Partial<Record<TapStatistic, readonly [low: number, high: number]>>
}

/** Options of {@link measureSignal}. */
export interface MeasureOptions extends TapOptions {
  /** What to measure beside the three. Default nothing. */
  statistics?: readonly OptionalStatistic[]
  /** Classes (N,), for gradients of the cross-entropy of `model(input)`. Default: drawn at random. */
  labels?: Tensor
}

/**
 * Runs `model` on `input` (N, C, H, W) in training mode and measures every block (see {@link withTaps}
 * for what a block is). Unless gradients are asked for, nothing is recorded and no activation kept. The
 * model's state (running statistics, mode, gradients) is as before afterwards.
 *
 * @throws ArgumentError as withTaps, for an unknown statistic, where gradients are asked of a model
 * whose output is not (N, classes), and naming the module in which the model fails.
 */
export function measureSignal(
  model: nn.Module,
  input: Tensor,
  options: MeasureOptions = {},
): SignalTap[] {
  const { statistics = [], labels, ...tapOptions } = options
  checkStatistics(statistics)
  const record = new Recording(statistics)
  const backwards = statistics.includes('gradientVariance') || statistics.includes('gradientRatio')
  const modules = new ModulePath(model)
  const forward = () => namingModule(modules, input, () => model.train()(input))
  const pass = () =>
    tidy(() => {
      if (backwards) backward(model, forward(), labels)
      else noGrad(() => void forward())
    })
  const measured = () => withTaps(model, record.listener(), pass, tapOptions)
  try {
    undisturbed(model, () => {
      if (!backwards) return measured()
      withOwnGradients(model, () => {
        measured()
        if (statistics.includes('gradientRatio')) tidy(() => record.addRatios(model))
      })
    })
    return record.taps()
  } finally {
    modules.remove()
    record.dispose()
  }
}

function checkStatistics(statistics: readonly string[]): void {
  const unknown = statistics.find(each => !OPTIONAL_STATISTICS.includes(each as OptionalStatistic))
  if (unknown !== undefined)
    throw new ArgumentError(
      `Expected ${OPTIONAL_STATISTICS.join(', ')} for \`statistics\` but received "${unknown}".`,
    )
}

/** The gradients of the mean cross-entropy, as a step of training has them. */
function backward(model: nn.Module, output: unknown, labels?: Tensor): void {
  if (!(output instanceof Tensor) || output.dim !== 2)
    throw new ArgumentError(
      `Expected an output (N, classes) for gradients but ${model.constructor.name} gives ${output instanceof Tensor ? `[${output.shape.join(', ')}]` : typeof output}. Leave the gradients out.`,
    )
  const [samples, classes] = output.shape
  const drawn = labels ?? randint(classes, [samples], { device: output.device, dtype: 'int64' })
  output.crossEntropyLoss(drawn).backward()
}

/** Runs `work` on gradients that start from nothing, and puts those of before back. */
function withOwnGradients(model: nn.Module, work: () => void): void {
  const parameters = model.parameters()
  const before = parameters.map(parameter => parameter.grad)
  for (const parameter of parameters) parameter.grad = null
  try {
    work()
  } finally {
    parameters.forEach((parameter, i) => {
      parameter.grad = before[i]
    })
  }
}

type Row = Omit<SignalTap, 'bands' | TapStatistic>

/** Collects readings, which stay where they were computed until the pass is over. */
class Recording {
  readonly #rows: Row[] = []
  readonly #readings: Map<TapStatistic, Reading>[] = []
  readonly #statistics: readonly OptionalStatistic[]
  readonly #probes: readonly (readonly [OptionalStatistic, Probe])[]

  constructor(statistics: readonly OptionalStatistic[]) {
    this.#statistics = statistics
    const spectrumOf = spectraOnce()
    this.#probes = statistics.flatMap(each => {
      const create = FORWARD_PROBES[each]
      return create ? [[each, create(spectrumOf)] as const] : []
    })
  }

  listener(): TapListener {
    const residuals = new Map<number, Tensor>() // blocks may lie within blocks
    const watchers = this.#probes.map(([, probe]) => probe)
    return {
      stem: x => this.#add(STEM, x, null),
      branch: ({ index }, y) => residuals.set(index, keep(channelMoments(y)[1])),
      output: (place, y) => this.#add(place, y, residuals.get(place.index) ?? null),
      ...(watchers.some(({ sum }) => sum) && {
        sum: (place, sum) => watchers.forEach(probe => void probe.sum?.(place, sum)),
      }),
      ...(watchers.some(({ operator }) => operator) && {
        operator: (operator, args, result) =>
          watchers.forEach(probe => void probe.operator?.(operator, args, result)),
      }),
    }
  }

  #add(row: Row | TapPlace, y: Tensor, residual: Tensor | null): void {
    const [squaredMean, variance] = channelMoments(y)
    const readings = new Map<TapStatistic, Reading>([
      ['channelSquaredMean', keep(squaredMean)],
      ['channelVariance', keep(variance)],
      ['residualVariance', residual],
    ])
    for (const [statistic, probe] of this.#probes) readings.set(statistic, keep(probe.tap(y)))
    if (this.#statistics.includes('gradientVariance') && y.requiresGrad)
      y.registerHook(gradient => {
        readings.set('gradientVariance', keep(channelMoments(gradient)[1]))
      })
    this.#rows.push(row)
    this.#readings.push(readings)
  }

  /** The medians over the units of each block's parameters. */
  addRatios(model: nn.Module): void {
    const ratios = unitRatios(model.namedParameters())
    this.#rows.forEach(({ name }, i) => {
      const block = name.replace(/#\d+$/, '')
      const within = ratios.filter(each => each.name.startsWith(`${block}.`))
      const medians = within.map(({ median }) => median).sort((a, b) => a - b)
      this.#readings[i].set('gradientRatio', medians[medians.length >> 1] ?? null)
    })
  }

  taps(): SignalTap[] {
    const tensors = this.#tensors()
    const numbers = new Map(read(tensors).map((value, i) => [tensors[i], value]))
    const numberOf = (reading: Reading) =>
      reading instanceof Tensor ? (numbers.get(reading) as number) : reading
    return this.#rows.map((row, i) => {
      const values = [...this.#readings[i]].map(([key, reading]) => [key, numberOf(reading)])
      const present = values.filter(([key, value]) => value !== null || key === 'residualVariance')
      const { predictedVariance, ...place } = row
      return { ...place, ...Object.fromEntries(present), predictedVariance } as SignalTap
    })
  }

  dispose(): void {
    for (const tensor of this.#tensors()) tensor.dispose()
    for (const [, probe] of this.#probes) probe.dispose?.()
  }

  #tensors(): Tensor[] {
    const readings = this.#readings.flatMap(each => [...each.values()])
    return readings.filter(reading => reading instanceof Tensor)
  }
}

const STEM: Row = {
  ...{ index: 0, name: 'stem', stage: 0, block: -1, stageEnd: false, predictedVariance: null },
}

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
    // Of converted nets, whose blocks know nothing of their convolutions' gains.
    for (const module of model.modules())
      if (module instanceof ScaledStdConv2d && !module.gain.ne(0).any().item()) module.gain.fill_(1)
  })
}
