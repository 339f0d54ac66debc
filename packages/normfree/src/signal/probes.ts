// The statistics that are measured on demand: each watches the pass and says at every tap what it has
// to say of it. A block's taps end with its output, so what was seen since the last one is the block's.
import { keep, stack, type Tensor } from '@normfree/torch'
import { isMap } from './residual-sums.ts'
import { kernelOf, kernelSpectrum, spectralNorm } from './spectrum.ts'
import {
  activationMean,
  channelCorrelation,
  channelMoments,
  deadChannels,
  pixelNorm,
  quietly,
} from './statistics.ts'
import type { TapPlace, TapSum } from './taps.ts'

/** What may be measured beside the three statistics of the papers' plots. */
export const OPTIONAL_STATISTICS = [
  'activationMean',
  'pixelNorm',
  'deadFraction',
  'contribution',
  'channelCorrelation',
  'spectralNorm',
  'conditionNumber',
  'effectiveRank',
  'gradientVariance',
  'gradientRatio',
] as const

/** One of them. */
export type OptionalStatistic = (typeof OPTIONAL_STATISTICS)[number]

/** A number, or a tensor of one; null where there is nothing to measure. */
export type Reading = Tensor | number | null

/** Watches one pass for one statistic. */
export interface Probe {
  operator?(operator: string, args: readonly unknown[], result: unknown): void
  sum?(place: TapPlace, sum: TapSum): void
  /** What there is to say of the block whose output `y` is, or of the stem. */
  tap(y: Tensor): Reading
  /** Releases what was seen behind the last block. */
  dispose?(): void
}

const ofOutput = (tap: (y: Tensor) => Reading) => (): Probe => ({ tap })

/** The spectrum of a kernel, worked out once for all probes of a pass. */
export type SpectrumOf = (weight: Tensor, groups: number) => Spectrum

type Spectrum = ReturnType<typeof kernelSpectrum>

/** A {@link SpectrumOf} for one pass, in which weights do not change. */
export function spectraOnce(): SpectrumOf {
  const known = new WeakMap<Tensor, Spectrum>()
  return (weight, groups) => {
    const spectrum = known.get(weight) ?? kernelSpectrum(weight, groups)
    known.set(weight, spectrum)
    return spectrum
  }
}

/** Those that a forward pass shows; a new probe for each pass. */
export const FORWARD_PROBES: Readonly<
  Partial<Record<OptionalStatistic, (spectrumOf: SpectrumOf) => Probe>>
> = {
  activationMean: ofOutput(activationMean),
  pixelNorm: ofOutput(pixelNorm),
  channelCorrelation: ofOutput(channelCorrelation),
  deadFraction,
  contribution,
  spectralNorm: () => ofKernels(spectralNorm, Math.max),
  conditionNumber: spectrumOf =>
    ofKernels((...kernel) => spectrumOf(...kernel).conditionNumber, Math.max),
  effectiveRank: spectrumOf =>
    ofKernels((...kernel) => spectrumOf(...kernel).effectiveRank, Math.min),
}

/** Activations that put out exactly 0 over a whole range. */
const RECTIFIER = /^(relu6?|hardtanh|hardswish|threshold|clamp|clamp_min)_?(\.|$)/

function deadFraction(): Probe {
  let dead: Tensor[] = []
  let channels = 0
  const dispose = () => {
    for (const count of dead) count.dispose()
  }
  return {
    operator(operator, _, result) {
      if (!RECTIFIER.test(operator) || !isMap(result as Tensor)) return
      const seen = deadChannels(result as Tensor)
      dead.push(keep(seen.dead)) // the scope of the activation's module ends before the block's
      channels += seen.channels
    },
    tap() {
      const counts = dead
      const fraction = counts.length > 0 ? quietly(() => stack(counts).sum().div(channels)) : null
      dispose()
      ;[dead, channels] = [[], 0]
      return fraction
    },
    dispose,
  }
}

function contribution(): Probe {
  let share: Tensor | null = null
  return {
    sum(_, { sum, shortcut, branch, branchWeight, shortcutWeight }) {
      share?.dispose() // of a sum inside the block
      share = quietly(() => {
        // An addition in place has overwritten one operand.
        const overwritten = branch === sum
        const added = overwritten ? sum.sub(shortcut, { alpha: shortcutWeight }) : branch
        const weight = overwritten ? 1 : branchWeight ** 2
        return channelMoments(added)[1].mul(weight).div(channelMoments(sum)[1])
      })
      keep(share)
    },
    tap() {
      const measured = share
      share = null
      return measured
    },
  }
}

function ofKernels(
  measure: (weight: Tensor, groups: number) => number,
  worst: (...values: number[]) => number,
): Probe {
  let values: number[] = []
  return {
    operator(operator, args) {
      const kernel = kernelOf(operator, args)
      if (kernel) values.push(measure(kernel.weight, kernel.groups))
    },
    tap() {
      const measured = values.length > 0 ? worst(...values) : null
      values = []
      return measured
    },
  }
}
