// Convolution with Scaled Weight Standardization (NF-ResNets, equations 2 and 3): every unit of the
// kernel has mean 0 and, over its fan-in of n weights, sum of squares 1, in training and evaluation.
import { ArgumentError, full, nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import { padSame, windowOf } from './same-padding.ts'

/**
 * Whose arithmetic is followed. With v the biased variance of a unit's n weights:
 * - `deepmind` (deepmind-research nfnets/base.py): (W - mean) / sqrt(max(v n, eps)) * gain, eps 1e-4;
 *   the activation carries gamma. Exact whenever v n > eps.
 * - `timm` (ScaledStdConv2d): (W - mean) / sqrt(v + eps) * gain * gamma / sqrt(n), eps 1e-5; gamma
 *   is in the convolution. eps is added to v, so a wide kernel shrinks by 1 / (1 + n eps).
 */
export type StandardizationConvention = 'deepmind' | 'timm'

/**
 * When kernels are standardized: `forward`, on every call, with gradients through it; or `decoupled`,
 * by standardizeWeights_ after every step of the optimizer (NF-ResNets, Appendix G.1).
 */
export type WeightStandardization = 'forward' | 'decoupled'

/** Options of {@link ScaledStdConv2d}: those of Conv2d, and how the kernel is standardized. */
export interface ScaledStdConv2dOptions extends nn.Conv2dOptions {
  /**
   * TensorFlow's SAME padding of a square kernel at any stride, in place of `padding`: what weights
   * from TensorFlow or JAX were trained with. Default false.
   */
  samePadding?: boolean
  /** Convolve with the kernel as it is, which standardizeWeights_ keeps in shape. Default false. */
  decoupled?: boolean
  /** Default 'deepmind'. */
  convention?: StandardizationConvention
  /** Default 1e-4 for deepmind, 1e-5 for timm. */
  eps?: number
  /** Gain of the activation in front, for the timm convention. Default 1. */
  gamma?: number
  /** Initial value of the learned gain. Default 1. */
  gainInit?: number
}

/**
 * Conv2d whose kernel is standardized on every call. Input (N, inChannels, H, W), output
 * (N, outChannels, H', W') as Conv2d; `gain` is (outChannels, 1, 1, 1), `bias` starts at 0 and the
 * raw weight normal with variance 1 / n. Neither gain nor bias belongs under weight decay.
 */
export class ScaledStdConv2d extends nn.Conv2d {
  readonly gain: nn.Parameter
  readonly convention: StandardizationConvention
  readonly eps: number
  /** Multiplies the standardized kernel: the gain of the activation in front. */
  gamma: number
  readonly samePadding: boolean
  readonly decoupled: boolean

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: nn.Size2d,
    options: ScaledStdConv2dOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options)
    const { convention = 'deepmind', gamma = 1, gainInit = 1, samePadding = false } = options
    if (convention === 'deepmind' && gamma !== 1)
      throw new ArgumentError(
        'Expected no `gamma` with the deepmind convention, where the activation carries it; use ScaledActivation.',
      )
    if (samePadding && (this.kernelSize[0] !== this.kernelSize[1] || options.padding))
      throw new ArgumentError(
        `Expected a square kernel and no \`padding\` with \`samePadding\` but received kernel ${this.kernelSize.join(' x ')} and padding ${JSON.stringify(options.padding ?? 0)}.`,
      )
    this.convention = convention
    this.samePadding = samePadding
    this.decoupled = options.decoupled ?? false
    this.eps = options.eps ?? (convention === 'deepmind' ? 1e-4 : 1e-5)
    this.gamma = gamma
    this.gain = new nn.Parameter(full([outChannels, 1, 1, 1], gainInit))
    nn.init.kaimingNormal_(this.weight, { nonlinearity: 'linear' })
    if (this.bias) nn.init.zeros_(this.bias)
    if (this.decoupled) this.standardize_()
  }

  override forward(x: Tensor): Tensor {
    // Of an empty batch only shapes are asked, which the raw kernel gives for nothing (countMacs).
    const weight = x.numel === 0 ? this.weight : this.standardizedWeight()
    return this.convolve(this.samePadding ? padSame(x, windowOf(this)) : x, weight)
  }

  /** The kernel that the convolution uses, (outChannels, inChannels / groups, kH, kW). */
  standardizedWeight(): Tensor {
    if (this.decoupled) return this.weight.mul(this.gain.mul(this.gamma))
    const { centred, inverse } = this.#standardization()
    return centred.mul(inverse.mul(this.gain.mul(this.gamma)))
  }

  /**
   * Moves the kernel itself towards mean 0 and sum of squares 1: all the way with `strength` 1, by
   * that share of it below.
   */
  standardize_(strength = 1): void {
    noGrad(() =>
      tidy(() => {
        const { centred, inverse } = this.#standardization()
        this.weight.lerp_(centred.mul(inverse), strength)
      }),
    )
  }

  /** W - mean, and what it is multiplied by for a sum of squares of 1. */
  #standardization(): { centred: Tensor; inverse: Tensor } {
    const fanIn = this.weight.numel / this.outChannels
    const [variance, mean] = this.weight.varMean([1, 2, 3], { correction: 0, keepdim: true })
    const inverse =
      this.convention === 'deepmind'
        ? variance.mul(fanIn).clampMin(this.eps).rsqrt()
        : variance
            .add(this.eps)
            .rsqrt()
            .mul(1 / Math.sqrt(fanIn))
    return { centred: this.weight.sub(mean), inverse }
  }
}

/**
 * Standardizes the kernels of every ScaledStdConv2d below `model` that is `decoupled`; call it after
 * each step of the optimizer. With `strength` below 1 this is Soft WS (NF-ResNets, Appendix G.1): a
 * pull towards standardized kernels of that strength, apart from the loss, which the paper found
 * unstable much below 1.
 *
 * @param strength above 0 and at most 1, the default
 * @throws ArgumentError for a strength outside, and when nothing is decoupled.
 */
export function standardizeWeights_(model: nn.AnyModule, strength = 1): void {
  if (!(strength > 0 && strength <= 1))
    throw new ArgumentError(
      `Expected a number above 0 and at most 1 for \`strength\` but received ${strength}.`,
    )
  const convs = model
    .modules()
    .filter(module => module instanceof ScaledStdConv2d && module.decoupled)
  if (convs.length === 0)
    throw new ArgumentError(
      `Expected decoupled convolutions in \`model\` but received ${model.constructor.name}, which has none; build it with weightStandardization 'decoupled'.`,
    )
  for (const conv of convs) (conv as unknown as ScaledStdConv2d).standardize_(strength)
}
