// Convolution with plain weight standardization (Qiao et al., 2019), the companion of group norm. It
// lacks the factor 1 / sqrt(fan-in) of Scaled WS: the norm behind it sets the scale.
import { nn, type Tensor } from '@normfree/torch'

/** Options of {@link StdConv2d}: those of Conv2d, and what keeps its root away from 0. */
export interface StdConv2dOptions extends nn.Conv2dOptions {
  /** Added to the variance. Default 1e-6 (timm's StdConv2d, Big Transfer). */
  eps?: number
}

/**
 * Conv2d whose kernel is (W - mean) / sqrt(variance + eps) per output unit, the variance biased,
 * standardized on every call. Shapes and parameters are those of Conv2d.
 */
export class StdConv2d extends nn.Conv2d {
  readonly eps: number

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: nn.Size2d,
    options: StdConv2dOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options)
    this.eps = options.eps ?? 1e-6
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, this.standardizedWeight())
  }

  /** The kernel that the convolution uses, (outChannels, inChannels / groups, kH, kW). */
  standardizedWeight(): Tensor {
    const [variance, mean] = this.weight.varMean([1, 2, 3], { correction: 0, keepdim: true })
    return this.weight.sub(mean).mul(variance.add(this.eps).rsqrt())
  }
}
