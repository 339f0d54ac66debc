// Transposed convolutions: the gradient of a convolution with respect to its input, as a layer.
import { ShapeError } from '../errors.ts'
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

/** They stand wherever a layer of one tensor does, so the second argument is no part of their `In`. */
// biome-ignore lint/correctness/noUnusedVariables: Sizes must be named as the class names it
interface ConvTransposeNd<Sizes extends number[]> {
  // biome-ignore lint/style/useShorthandFunctionType: an interface merges with the class, a type does not
  (x: Tensor, outputSize?: readonly number[] | null): Tensor
}

/** What transposed convolutions share: an output size that is asked for. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface adds the call signature
abstract class ConvTransposeNd<Sizes extends number[]> extends ConvNd<Sizes> {
  /**
   * The layer's output padding or, given an `outputSize`, that which leads to it: a convolution with
   * a stride gives the same size for several sizes of its input.
   */
  protected outputPaddingFor(x: Tensor, outputSize: readonly number[] | null): Sizes {
    const { stride, dilation, kernelSize } = this
    const padding = this.padding as Sizes
    if (outputSize === null) return this.outputPadding as Sizes
    const inner = x.shape.slice(-kernelSize.length)
    const wanted = outputSize.length === x.dim ? outputSize.slice(-inner.length) : outputSize
    const least = inner.map(
      (size, i) => (size - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernelSize[i] - 1) + 1,
    )
    const added = least.map((size, i) => wanted[i] - size)
    if (wanted.length !== least.length || added.some((more, i) => !(more >= 0 && more < stride[i])))
      throw new ShapeError(
        `Expected from [${least}] to [${least.map((size, i) => size + stride[i] - 1)}] for \`outputSize\` but received [${outputSize}].`,
      )
    return added as Sizes
  }
}

/**
 * Transposed convolution of (N, inChannels, L) to (N, outChannels, L'), as ConvTranspose2d in one
 * dimension. The weight is (inChannels, outChannels / groups, k).
 *
 * @throws ArgumentError when the channels cannot be divided by the groups.
 */
export class ConvTranspose1d extends ConvTransposeNd<[number]> {
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

  /**
   * @param outputSize of (L) or of all dimensions; default: what outputPadding gives.
   * @throws ShapeError for one that no output padding below the stride leads to.
   */
  override forward(x: Tensor, outputSize: readonly number[] | null = null): Tensor {
    const { weight, bias, stride, groups, dilation } = this
    const padding = this.padding as [number]
    const more = this.outputPaddingFor(x, outputSize)
    return convTranspose1d(x, weight, bias, stride, padding, more, groups, dilation)
  }
}

/**
 * Transposed convolution of (N, inChannels, H, W) to (N, outChannels, H', W'), with
 * H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1. The weight is
 * (inChannels, outChannels / groups, kH, kW) and starts as PyTorch's.
 *
 * @throws ArgumentError when the channels cannot be divided by the groups.
 */
export class ConvTranspose2d extends ConvTransposeNd<[number, number]> {
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

  /**
   * @param outputSize of (H, W) or of all dimensions, such as the shape of the tensor that a
   * convolution made `x` of; default: what outputPadding gives.
   * @throws ShapeError for one that no output padding below the stride leads to.
   */
  override forward(x: Tensor, outputSize: readonly number[] | null = null): Tensor {
    const { weight, bias, stride, groups, dilation } = this
    const padding = this.padding as [number, number]
    const more = this.outputPaddingFor(x, outputSize)
    return convTranspose2d(x, weight, bias, stride, padding, more, groups, dilation)
  }
}
