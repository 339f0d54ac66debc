// TensorFlow's SAME padding: ceil(size / stride) outputs a side, the odd element of padding at the
// end. PyTorch's own 'same' knows no strides.
import { nn, pad, type Tensor } from '@normfree/torch'

/** How a window moves along one side. */
interface Window {
  kernelSize: number
  stride: number
  /** Default 1. */
  dilation?: number
}

const totalPadding = (size: number, { kernelSize, stride, dilation = 1 }: Window): number =>
  Math.max((Math.ceil(size / stride) - 1) * stride + (kernelSize - 1) * dilation + 1 - size, 0)

/**
 * (N, C, H, W) with what SAME adds on its four sides for a square window, filled with `value`
 * (default 0). How much that is depends on the size.
 */
export function padSame(x: Tensor, window: Window, value = 0): Tensor {
  const [height, width] = x.shape.slice(-2).map(size => totalPadding(size, window))
  if (height === 0 && width === 0) return x
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)]
  return pad(x, [left, width - left, top, height - top], 'constant', value)
}

/** The window of a convolution whose kernel, stride and dilation are the same for both sides. */
export const windowOf = ({ kernelSize, stride, dilation }: nn.Conv2d): Window => ({
  kernelSize: kernelSize[0],
  stride: stride[0],
  dilation: dilation[0],
})

/** The padding on each side that makes ceil(size / stride) outputs in PyTorch's symmetric way. */
export const symmetricPadding = ({ kernelSize, stride, dilation = 1 }: Window): number =>
  Math.floor((stride - 1 + dilation * (kernelSize - 1)) / 2)

abstract class Pool2dSame extends nn.Module {
  readonly kernelSize: number
  readonly stride: number

  constructor(kernelSize: number, stride: number) {
    super()
    this.kernelSize = kernelSize
    this.stride = stride
  }
}

/** Maximum over square windows of (N, C, H, W), padded as SAME; padding never wins. */
export class MaxPool2dSame extends Pool2dSame {
  override forward(x: Tensor): Tensor {
    const padded = padSame(x, this, Number.NEGATIVE_INFINITY)
    return nn.functional.maxPool2d(padded, this.kernelSize, this.stride)
  }
}

/**
 * Mean over square windows of (N, C, H, W), padded as SAME with zeros, which count (timm,
 * AvgPool2dSame).
 */
export class AvgPool2dSame extends Pool2dSame {
  override forward(x: Tensor): Tensor {
    return nn.functional.avgPool2d(padSame(x, this), this.kernelSize, this.stride)
  }
}

/** Conv2d of a square kernel that pads as SAME with zeros, at any stride (timm, Conv2dSame). */
export class Conv2dSame extends nn.Conv2d {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: Omit<nn.Conv2dOptions, 'padding'> = {},
  ) {
    super(inChannels, outChannels, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return super.forward(padSame(x, windowOf(this)))
  }
}
