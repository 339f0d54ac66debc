// The signal of a model at initialisation, as the papers plot it: white noise in, branches open,
// averaged over draws of the weights.
import { ArgumentError, type nn, randn, type Tensor, tidy } from '@normfree/torch'
import { modelCost } from '../inspect.ts'
import type { ModelOptions } from '../models/entry.ts'
import { type PredictedTap, predictSignal } from '../predict/predict-signal.ts'
import { createModel, modelEntry } from '../registry.ts'
import { checkResolution } from '../resolution.ts'
import { firstNonFinite, meanSignal } from './draws.ts'
import { type MeasureOptions, measureSignal, openBranches, type SignalTap } from './measure.ts'
import type { TapOptions } from './taps.ts'

/** A measured signal and what it was measured on. */
export interface Signal {
  model: string
  /** What went in, in words. */
  input: string
  /** Growth of the variance a block, for normalizer-free models. */
  alpha?: number
  /** What a reader must know of the measurement. */
  note?: string
  taps: SignalTap[]
}

/** What {@link drawSignal} measures. */
export interface SignalSource {
  /** Of the model, for titles. */
  name: string
  /** The model of one draw. */
  create(): nn.Module
  /** Called with it when it is measured; default: nothing is done. */
  release?(model: nn.Module): void
  /** What goes in, (N, C, H, W), in one draw. */
  images(draw: number): Tensor
  /** What goes in, in words: '128 test images'. */
  input: string
  /** What is expected of a model on such images. Default: nothing. */
  expect?(model: nn.Module): PredictedTap[]
}

/** Options of {@link drawSignal}. */
export interface DrawOptions extends Omit<MeasureOptions, 'labels'> {
  /** How often a model and images are drawn. Default 1. */
  draws?: number
  /** Classes (N,) of the images of a draw, for gradients. Default: drawn at random. */
  labels?(draw: number): Tensor
}

/**
 * Measures models and images of `source`, one after the other: the mean over the draws, and the band
 * that they lie in. What is expected is that of the first model. A note says where the taps are layers, and from which block on the signal is not
 * finite.
 *
 * @throws ArgumentError as measureSignal.
 */
export function drawSignal(source: SignalSource, options: DrawOptions = {}): Signal {
  const { draws = 1, labels, ...measured } = options
  checkCount('draws', draws)
  let alpha: number | null = null
  let expected: PredictedTap[] | undefined
  const taps = Array.from({ length: draws }, (_, draw) => {
    const model = source.create()
    alpha = (model as { alpha?: number | null }).alpha ?? null
    try {
      expected ??= source.expect?.(model)
      return tidy(() => {
        const classes = labels && { labels: labels(draw) }
        return measureSignal(model, source.images(draw), { ...measured, ...classes })
      })
    } finally {
      source.release?.(model)
    }
  })
  const mean = meanSignal(taps)
  const note = noteOn(mean)
  const drawn = draws > 1 ? `mean of ${draws} draws` : 'mean of 1 draw'
  return {
    model: source.name,
    input: `${source.input}, ${drawn}`,
    ...(alpha !== null && { alpha }),
    ...(note && { note }),
    taps: expected ? withExpected(mean, expected) : mean,
  }
}

const EXPECTED = ['channelSquaredMean', 'channelVariance', 'residualVariance'] as const

const withExpected = (taps: readonly SignalTap[], predicted: readonly PredictedTap[]) =>
  taps.map((tap, i) => {
    const known = EXPECTED.map(each => [each, predicted[i][each]] as const)
    const finite = known.filter(([, value]) => value !== null && Number.isFinite(value))
    return { ...tap, expected: Object.fromEntries(finite) as NonNullable<SignalTap['expected']> }
  })

function noteOn(taps: readonly SignalTap[]): string | undefined {
  const remarks = []
  if (taps.every(tap => tap.residualVariance === null))
    remarks.push('no residual sums: the taps are the convolutions and linear layers')
  const broken = firstNonFinite(taps)
  if (broken) remarks.push(`not finite from ${broken.name} on`)
  return remarks.length > 0 ? remarks.join('; ') : undefined
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ArgumentError(`Expected a positive integer for \`${name}\` but received ${value}.`)
}

/** What {@link initialSignal} measures on, beside the options of the model. */
export interface InitialSignalOptions extends ModelOptions, MeasureOptions {
  /** Draws of the weights and the noise that are averaged. Default 5, fewer for large models. */
  draws?: number
  /**
   * Samples in each draw. Default 16, fewer, but at least 2, for large models: all draws together take
   * about 4e11 multiply-accumulates.
   */
  batch?: number
  /**
   * Side of the noise images in pixels. Default: the registry's, about four times the training
   * size for CIFAR nets, and 512 px for ImageNet nets, as in the papers. On small images zero padding
   * takes a visible share of the variance.
   */
  resolution?: number
}

const BUDGET = 4e11
const DRAWS = 5
const BATCH = { most: 16, least: 2 }

/**
 * Builds the registry's model `name` anew for each draw, opens its branches, and measures it on
 * N(0, 1) noise. Weights and noise come from the default random stream.
 *
 * @throws UnknownModelError for a name that the registry does not have; ArgumentError for a
 * resolution that is too small for its strides.
 */
export function initialSignal(name: string, options: InitialSignalOptions = {}): Signal {
  const { draws, batch, resolution, statistics, blocks, labels, ...modelOptions } = options
  const side = resolution ?? modelEntry(name).signalResolution
  checkResolution(name, side)
  const size = sampleSize(name, side, { draws, batch })
  const shape = [size.batch, modelOptions.inChans ?? 3, side, side]
  const source: SignalSource = {
    name,
    create() {
      const model = createModel(name, modelOptions)
      openBranches(model)
      return model
    },
    release: releaseModel,
    ...noiseInput(shape, { ...(blocks !== undefined && { blocks }) }),
  }
  return drawSignal(source, {
    ...{ draws: size.draws, statistics },
    ...(blocks !== undefined && { blocks }),
    ...(labels && { labels: () => labels }),
  })
}

/**
 * N(0, 1) noise of `shape` (N, C, H, W) as what goes in, 'N(0, 1) noise, 3 x 32 x 32, batch 16', and
 * what predictSignal expects of a model there.
 *
 * @param options where the model is tapped, as for measureSignal
 */
export function noiseInput(
  shape: readonly number[],
  options: TapOptions = {},
): Pick<SignalSource, 'images' | 'input' | 'expect'> {
  const [batch, ...image] = shape
  return {
    images: () => randn(shape),
    input: `N(0, 1) noise, ${image.join(' x ')}, batch ${batch}`,
    expect: model => predictSignal(model, image, options).taps,
  }
}

/** Frees a model's parameters and buffers at once. */
export function releaseModel(model: nn.Module): void {
  for (const tensor of model.stateDict().values()) tensor.dispose()
}

/** How many draws of how many samples, where the user leaves it open. */
export function sampleSize(
  name: string,
  side: number,
  given: { draws?: number | undefined; batch?: number | undefined },
): { draws: number; batch: number } {
  if (given.draws !== undefined && given.batch !== undefined)
    return { draws: given.draws, batch: given.batch }
  const affordable = BUDGET / modelCost(name, side).macs
  const between = (least: number, value: number, most: number) =>
    Math.max(least, Math.min(most, Math.floor(value)))
  const batch = given.batch ?? between(BATCH.least, affordable / (given.draws ?? DRAWS), BATCH.most)
  return { batch, draws: given.draws ?? between(1, affordable / batch, DRAWS) }
}
