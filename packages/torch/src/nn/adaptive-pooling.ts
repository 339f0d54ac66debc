// Pooling by windows sized so that the output has a given size.
import { adaptiveAvgPool1d } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import {
  type AdaptiveSize2d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from './functional/pooling.ts'
import { Module } from './module.ts'
import { sizeText } from './print.ts'
import type { Size1d } from './sizes.ts'

abstract class AdaptivePool<Size extends Size1d | AdaptiveSize2d> extends Module {
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

/** Maximum over windows: (N, C, L) to (N, C, outputSize). */
export class AdaptiveMaxPool1d extends AdaptivePool<Size1d> {
  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.outputSize)
  }
}

/** Maximum over windows: (N, C, H, W) to (N, C, ...outputSize); null keeps a size. */
export class AdaptiveMaxPool2d extends AdaptivePool<AdaptiveSize2d> {
  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize)
  }
}
