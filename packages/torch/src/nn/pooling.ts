// Pooling over the spatial dimensions of (N, C, L) and (N, C, H, W), by windows of a given size.
import {
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
} from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { type LpPoolOptions, lpPool1d, lpPool2d } from './functional/pooling.ts'
import { Module } from './module.ts'
import { boolText, sizeText } from './print.ts'
import { type Size1d, type Size2d, single } from './sizes.ts'

/** How a pooling window moves; `Size` is a number, or one for each direction. */
export interface PoolOptions<Size = Size2d> {
  /** Default: the kernel size. */
  stride?: Size
  /** Default 0. */
  padding?: Size
  /** Let the last window reach over the edge. Default false. */
  ceilMode?: boolean
}

/** Options of {@link MaxPool1d} and {@link MaxPool2d}. */
export interface MaxPoolOptions<Size = Size2d, Indices extends boolean = boolean>
  extends PoolOptions<Size> {
  /** Distance of neighbours in a window. Default 1. */
  dilation?: Size
  /** Also give where the maxima stood: int64, counted over the flattened plane. Default false. */
  returnIndices?: Indices
}

/**
 * What a maximum gives: the values, or values and indices. Only a literal true counts as true:
 * `instanceof` leaves the type open, and nearly all layers return the values alone.
 */
export type MaxPooled<Indices extends boolean> = [false] extends [Indices]
  ? Tensor
  : [Tensor, Tensor]

/** Options of {@link AvgPool1d}. */
export interface AvgPoolOptions<Size = Size2d> extends PoolOptions<Size> {
  /** Count padded zeros in the mean. Default true. */
  countIncludePad?: boolean
}

/** Options of {@link AvgPool2d}. */
export interface AvgPool2dOptions extends AvgPoolOptions {
  /** Divide by this in place of the number of elements in the window. */
  divisorOverride?: number
}

/** A window and how it moves. */
abstract class Pool<
  Size extends Size1d | Size2d,
  Options extends PoolOptions<Size>,
  Out = Tensor,
> extends Module<[Tensor], Out> {
  readonly kernelSize: Size
  readonly stride: Size
  readonly padding: Size
  readonly ceilMode: boolean
  protected readonly options: Options

  constructor(kernelSize: Size, options: Options = {} as Options) {
    super()
    this.kernelSize = kernelSize
    this.stride = options.stride ?? kernelSize
    this.padding = options.padding ?? (0 as Size)
    this.ceilMode = options.ceilMode ?? false
    this.options = options
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return `kernel_size=${sizeText(kernelSize)}, stride=${sizeText(stride)}, padding=${sizeText(padding)}`
  }
}

/** Mean over windows of (N, C, L). */
export class AvgPool1d extends Pool<Size1d, AvgPoolOptions<Size1d>> {
  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode } = this
    return avgPool1d(x, kernelSize, stride, padding, ceilMode, this.options.countIncludePad)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return `kernel_size=${sizeText(single(kernelSize))}, stride=${sizeText(single(stride))}, padding=${sizeText(single(padding))}`
  }
}

/** Mean over windows of (N, C, H, W). */
export class AvgPool2d extends Pool<Size2d, AvgPool2dOptions> {
  override forward(x: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode } = this
    const { countIncludePad, divisorOverride } = this.options
    return avgPool2d(x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride)
  }
}

/** What maxima print beyond their windows. */
abstract class MaxPool<Size extends Size1d | Size2d, Indices extends boolean> extends Pool<
  Size,
  MaxPoolOptions<Size, Indices>,
  MaxPooled<Indices>
> {
  override extraRepr(): string {
    const dilation = sizeText(this.options.dilation ?? 1)
    return `${super.extraRepr()}, dilation=${dilation}, ceil_mode=${boolText(this.ceilMode)}`
  }
}

/** Maximum over windows of (N, C, L); padding never wins. */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Size1d, Indices> {
  override forward(x: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, ceilMode } = this
    const { dilation, returnIndices } = this.options
    const pool = returnIndices ? maxPool1dWithIndices : maxPool1d
    return pool(x, kernelSize, stride, padding, dilation, ceilMode) as MaxPooled<Indices>
  }
}

/** Maximum over windows of (N, C, H, W); padding never wins. */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Size2d, Indices> {
  override forward(x: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, ceilMode } = this
    const { dilation, returnIndices } = this.options
    const pool = returnIndices ? maxPool2dWithIndices : maxPool2d
    return pool(x, kernelSize, stride, padding, dilation, ceilMode) as MaxPooled<Indices>
  }
}

/** A window and the order of the norm that is taken over it. */
abstract class LpPool<Size extends Size1d | Size2d> extends Module {
  readonly normType: number
  readonly kernelSize: Size
  protected readonly options: LpPoolOptions<Size>

  constructor(normType: number, kernelSize: Size, options: LpPoolOptions<Size> = {}) {
    super()
    this.normType = normType
    this.kernelSize = kernelSize
    this.options = options
  }

  override extraRepr(): string {
    const { stride, ceilMode = false } = this.options
    const step = stride === undefined ? 'None' : sizeText(stride)
    return `norm_type=${this.normType}, kernel_size=${sizeText(this.kernelSize)}, stride=${step}, ceil_mode=${boolText(ceilMode)}`
  }
}

/** (sum of x^normType)^(1 / normType) over windows of (N, C, L). */
export class LPPool1d extends LpPool<Size1d> {
  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.options)
  }
}

/** (sum of x^normType)^(1 / normType) over windows of (N, C, H, W). */
export class LPPool2d extends LpPool<Size2d> {
  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.options)
  }
}
