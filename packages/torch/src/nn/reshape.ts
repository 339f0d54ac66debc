// Modules that pass their input on, as it is or in another shape.
import { flatten } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'
import { sizeText } from './print.ts'

/** Returns its input. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

/** Joins dimensions startDim to endDim into one: (N, ...) to (N, product) as it stands. */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  /**
   * @param startDim default 1
   * @param endDim included, default -1
   */
  constructor(startDim = 1, endDim = -1) {
    super()
    this.startDim = startDim
    this.endDim = endDim
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim)
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`
  }
}

/** Splits dimension `dim` into dimensions of the given sizes; one of them may be -1. */
export class Unflatten extends Module {
  readonly dim: number
  readonly unflattenedSize: readonly number[]

  constructor(dim: number, unflattenedSize: readonly number[]) {
    super()
    this.dim = dim
    this.unflattenedSize = [...unflattenedSize]
  }

  override forward(x: Tensor): Tensor {
    return x.unflatten(this.dim, this.unflattenedSize)
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${sizeText(this.unflattenedSize)}`
  }
}
