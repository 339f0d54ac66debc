// Transposed convolutions: the gradient of a convolution with respect to its input, as a layer.
import { convTranspose1d, convTranspose2d } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { ConvNd } from './conv.ts'
import { pair, type Size1d, type Size2d, single } from './sizes.ts'

/** Options of transposed convolutions; `Size` is a number, or one for each direction. */
export interface ConvTransposeOptions<Size> {
  /** Default 1. */
  stride?: Size
  /** Takes this many elements off each side of the output. Default 0. */
  padding?: Size
  /** Adds this many to one side of the output; below the stride or the dilation. Default 0. */
  outputPadding?: Size
  /** Default 1. */
  groups?: number
  /** Default true. */
  bias?: boolean
  /** Default 1. */
  dilation?: Size
}

/** Options of {@link ConvTranspose1d}. */
export type ConvTranspose1dOptions = ConvTransposeOptions<Size1d>
/** Options of {@link ConvTranspose2d}. */
export type ConvTranspose2dOptions = ConvTransposeOptions<Size2d>

/**
 * Transposed convolution of (N, inChannels, L) to (N, outChannels, L'), as ConvTranspose2d in one
 * dimension. The weight is (inChannels, outChannels / groups, k).
 *
 * @throws ArgumentError when the channels cannot be divided by the groups.
 */
export class ConvTranspose1d extends ConvNd<[number]> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size1d,
    options: ConvTranspose1dOptions = {},
  ) {
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups, bias } = options
    super(inChannels, outChannels, {
      kernelSize: single(kernelSize),
      stride: single(stride),
      padding: single(padding),
      outputPadding: single(outputPadding),
      dilation: single(dilation),
      groups,
      bias,
    })
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, stride, outputPadding, groups, dilation } = this
    const padding = this.padding as [number]
    return convTranspose1d(
      x,
      weight,
      bias,
      stride,
      padding,
      outputPadding as [number],
      groups,
      dilation,
    )
  }
}

/**
 * Transposed convolution of (N, inChannels, H, W) to (N, outChannels, H', W'), with
 * H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1. The weight is
 * (inChannels, outChannels / groups, kH, kW) and starts as PyTorch's.
 *
 * @throws ArgumentError when the channels cannot be divided by the groups.
 */
export class ConvTranspose2d extends ConvNd<[number, number]> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: ConvTranspose2dOptions = {},
  ) {
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups, bias } = options
    super(inChannels, outChannels, {
      kernelSize: pair(kernelSize),
      stride: pair(stride),
      padding: pair(padding),
      outputPadding: pair(outputPadding),
      dilation: pair(dilation),
      groups,
      bias,
    })
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, stride, outputPadding, groups, dilation } = this
    const padding = this.padding as [number, number]
    return convTranspose2d(
      x,
      weight,
      bias,
      stride,
      padding,
      outputPadding as [number, number],
      groups,
      dilation,
    )
  }
}
