// Pooling over the two spatial dimensions of (N, C, H, W).
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import type { Size2d } from './conv.ts'
import { Module } from './module.ts'

export interface PoolOptions {
  /** Default: the kernel size. */
  stride?: Size2d
  /** Default 0. */
  padding?: Size2d
  /** Let the last window reach over the edge. Default false. */
  ceilMode?: boolean
}

export interface AvgPoolOptions extends PoolOptions {
  /** Count padded zeros in the mean. Default true. */
  countIncludePad?: boolean
}

/** Mean over windows. */
export class AvgPool2d extends Module {
  readonly kernelSize: Size2d
  readonly options: AvgPoolOptions

  constructor(kernelSize: Size2d, options: AvgPoolOptions = {}) {
    super()
    this.kernelSize = kernelSize
    this.options = options
  }

  override forward(x: Tensor): Tensor {
    const {
      stride = this.kernelSize,
      padding = 0,
      ceilMode = false,
      countIncludePad = true,
    } = this.options
    return avgPool2d(x, this.kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/** Maximum over windows; padding never wins. */
export class MaxPool2d extends Module {
  readonly kernelSize: Size2d
  readonly options: PoolOptions

  constructor(kernelSize: Size2d, options: PoolOptions = {}) {
    super()
    this.kernelSize = kernelSize
    this.options = options
  }

  override forward(x: Tensor): Tensor {
    const { stride = this.kernelSize, padding = 0, ceilMode = false } = this.options
    return maxPool2d(x, this.kernelSize, stride, padding, 1, ceilMode)
  }
}

/** Mean over windows sized so that the output is `outputSize`. */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: Size2d

  constructor(outputSize: Size2d) {
    super()
    this.outputSize = outputSize
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }
}
