// Whose arithmetic a normalizer-free net follows. The authors' code and timm's differ in a dozen
// small ways that make weights of one wrong in the other; each way is one line here.
import type { ActivationName } from '../activations.ts'
import { GAMMA } from '../gain.ts'
import { symmetricPadding } from '../layers/same-padding.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import {
  ScaledStdConv2d,
  type StandardizationConvention,
  type WeightStandardization,
} from '../layers/scaled-std-conv.ts'

/** The differences between the released nets. */
export interface Convention {
  standardization: StandardizationConvention
  /** The activations carry gamma; otherwise every convolution does, the first of the stem too. */
  gammaInActivation: boolean
  /** TensorFlow's SAME padding; otherwise PyTorch's symmetric one. */
  samePadding: boolean
  /** A scalar that starts at 0 ends each branch; otherwise the last convolution's gain does. */
  skipInit: boolean
  /** Stochastic depth divides what it keeps, and the last block has the full rate. */
  scaleByKeep: boolean
  /** Channels from a product of widths. */
  roundChannels(value: number): number
  /** Hidden channels of squeeze-excite. */
  roundHidden(value: number): number
}

/**
 * The multiple of `divisor` nearest to `value`, at least `divisor`, and one more where that loses
 * over a tenth (timm, make_divisible).
 *
 * @param divisor default 8
 * @param roundLimit share of `value` that must remain, default 0.9
 */
export function makeDivisible(value: number, divisor = 8, roundLimit = 0.9): number {
  const nearest = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor)
  return nearest < roundLimit * value ? nearest + divisor : nearest
}

/** timm's own nets (`nf_resnet50`, `nf_regnet_b1`, `nfnet_f0`, `eca_nfnet_l0`). */
const TIMM: Convention = {
  standardization: 'timm',
  gammaInActivation: false,
  samePadding: false,
  skipInit: false,
  scaleByKeep: true,
  roundChannels: makeDivisible,
  roundHidden: value => makeDivisible(value, 8, 0),
}

export const CONVENTIONS = {
  timm: TIMM,
  /** timm's nets for weights that DeepMind trained (`dm_nfnet_f0`). */
  timm_dm: { ...TIMM, gammaInActivation: true, samePadding: true, skipInit: true },
  /** deepmind-research, nfnets/. */
  deepmind: {
    standardization: 'deepmind',
    gammaInActivation: true,
    samePadding: true,
    skipInit: true,
    scaleByKeep: false,
    roundChannels: Math.floor,
    roundHidden: value => Math.max(1, Math.floor(value)),
  },
} satisfies Record<ConventionName, Convention>

/** Names of the conventions. */
export type ConventionName = 'timm' | 'timm_dm' | 'deepmind'

interface ConvForm {
  stride?: number
  dilation?: number
  groups?: number
  gainInit?: number
}

/** Makes the convolutions and activations of one net, which differ in sizes alone. */
export class Layers {
  readonly convention: Convention
  readonly #activation: ActivationName
  readonly #decoupled: boolean

  constructor(
    convention: Convention,
    activation: ActivationName,
    weightStandardization: WeightStandardization = 'forward',
  ) {
    this.convention = convention
    this.#activation = activation
    this.#decoupled = weightStandardization === 'decoupled'
  }

  /** Padded so that ceil(size / stride) positions a side come out. */
  conv(input: number, out: number, kernelSize: number, form: ConvForm = {}): ScaledStdConv2d {
    const { standardization, gammaInActivation, samePadding } = this.convention
    const { stride = 1, dilation = 1 } = form
    return new ScaledStdConv2d(input, out, kernelSize, {
      ...form,
      convention: standardization,
      decoupled: this.#decoupled,
      ...(samePadding
        ? { samePadding }
        : { padding: symmetricPadding({ kernelSize, stride, dilation }) }),
      ...(!gammaInActivation && { gamma: GAMMA[this.#activation] }),
    })
  }

  /** @param beta expected standard deviation of what comes in, default 1 */
  activation(beta = 1): ScaledActivation {
    const gamma = this.convention.gammaInActivation ? GAMMA[this.#activation] : 1
    return new ScaledActivation(this.#activation, { gamma, beta })
  }
}
