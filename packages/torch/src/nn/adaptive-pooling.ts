// Pooling by windows sized so that the output has a given size.
import { adaptiveAvgPool1d } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import {
  type AdaptiveSize2d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
} from './functional/pooling.ts'
import { Module } from './module.ts'
import type { MaxPooled } from './pooling.ts'
import { sizeText } from './print.ts'
import type { Size1d } from './sizes.ts'

abstract class AdaptivePool<Size extends Size1d | AdaptiveSize2d, Out = Tensor> extends Module<
  [Tensor],
  Out
> {
  readonly outputSize: Size

  constructor(outputSize: Size) {
    super()
    this.outputSize = outputSize
  }

  override extraRepr(): string {
    return `output_size=${sizeText(this.outputSize)}`
  }
}

/** Mean over windows: (N, C, L) to (N, C, outputSize). */
export class AdaptiveAvgPool1d extends AdaptivePool<Size1d> {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize)
  }
}

/** Mean over windows: (N, C, H, W) to (N, C, ...outputSize); null keeps a size. */
export class AdaptiveAvgPool2d extends AdaptivePool<AdaptiveSize2d> {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }
}

/** Options of {@link AdaptiveMaxPool1d} and {@link AdaptiveMaxPool2d}. */
export interface AdaptiveMaxPoolOptions<Indices extends boolean = boolean> {
  /** Also give where the maxima stood: int64, counted over the flattened plane. Default false. */
  returnIndices?: Indices
}

abstract class AdaptiveMaxPool<
  Size extends Size1d | AdaptiveSize2d,
  Indices extends boolean,
> extends AdaptivePool<Size, MaxPooled<Indices>> {
  readonly returnIndices: boolean

  constructor(outputSize: Size, options: AdaptiveMaxPoolOptions<Indices> = {}) {
    super(outputSize)
    this.returnIndices = options.returnIndices ?? false
  }
}

/** Maximum over windows: (N, C, L) to (N, C, outputSize). */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<
  Size1d,
  Indices
> {
  override forward(x: Tensor): MaxPooled<Indices> {
    const pool = this.returnIndices ? adaptiveMaxPool1dWithIndices : adaptiveMaxPool1d
    return pool(x, this.outputSize) as MaxPooled<Indices>
  }
}

/** Maximum over windows: (N, C, H, W) to (N, C, ...outputSize); null keeps a size. */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<
  AdaptiveSize2d,
  Indices
> {
  override forward(x: Tensor): MaxPooled<Indices> {
    const pool = this.returnIndices ? adaptiveMaxPool2dWithIndices : adaptiveMaxPool2d
    return pool(x, this.outputSize) as MaxPooled<Indices>
  }
}
