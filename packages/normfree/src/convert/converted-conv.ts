// What stands in a converted net where a convolution and its norm stood.
import { type nn, noGrad, type Tensor } from '@normfree/torch'
import { Conv2dSame } from '../layers/same-padding.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'

/**
 * A ScaledStdConv2d of another convolution's geometry and weights (deepmind's arithmetic). Input and
 * output are those of the other one. Its kernel carries `gamma`: 1 / (expected standard deviation of
 * what it reads), the paper's gamma / beta in one number, in timm's place. For an activation with
 * f(a x) = a f(x), such as relu, act(x) * gamma / beta in front is the same function.
 *
 * The weights are standardized once when they are taken over, which changes no output: adaptive
 * clipping and weight decay see kernels of the size that these nets start with.
 */
export class ConvertedConv2d extends ScaledStdConv2d {
  /** Multiplies what comes out, the bias too: alpha at the end of a branch. Default 1. */
  scale = 1

  constructor(conv: nn.Conv2d) {
    const { stride, padding, dilation, groups, paddingMode } = conv
    const place = conv instanceof Conv2dSame ? { samePadding: true } : { padding }
    const form = { stride, dilation, groups, paddingMode, ...place }
    super(conv.inChannels, conv.outChannels, conv.kernelSize, form)
    noGrad(() => this.weight.copy_(conv.weight))
    this.standardize_()
    this.training = conv.training
  }

  override forward(x: Tensor): Tensor {
    const y = super.forward(x)
    return this.scale === 1 ? y : y.mul(this.scale)
  }

  override extraRepr(): string {
    const shown = (name: string, value: number) =>
      value === 1 ? '' : `, ${name}=${Number(value.toPrecision(5))}`
    return `${super.extraRepr()}${shown('gamma', this.gamma)}${shown('scale', this.scale)}`
  }
}
