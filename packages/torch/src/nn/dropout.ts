// Dropout as modules: something in training, nothing in evaluation.
import type { Tensor } from '../tensor.ts'
import type { InplaceOptions } from './activation.ts'
import * as functional from './functional/dropout.ts'
import { Module } from './module.ts'
import { boolText, floatText } from './print.ts'

/** What the forms of dropout share. */
abstract class DropoutBase extends Module {
  readonly p: number

  /**
   * @param p probability to drop, default 0.5
   * @throws ArgumentError when `p` is no probability.
   */
  constructor(p = 0.5) {
    super()
    functional.checkProbability(p)
    this.p = p
  }

  override extraRepr(): string {
    return `p=${floatText(this.p)}, inplace=${boolText(false)}`
  }
}

/** In training zeroes elements with probability p and scales the rest by 1 / (1 - p). */
export class Dropout extends DropoutBase {
  readonly inplace: boolean

  /**
   * @param p probability to drop, default 0.5
   * @throws ArgumentError when `p` is no probability.
   */
  constructor(p = 0.5, options: InplaceOptions = {}) {
    super(p)
    this.inplace = options.inplace ?? false
  }

  override forward(x: Tensor): Tensor {
    const drop = this.inplace ? functional.dropout_ : functional.dropout
    return drop(x, this.p, this.training)
  }

  override extraRepr(): string {
    return `p=${floatText(this.p)}, inplace=${boolText(this.inplace)}`
  }
}

/** In training zeroes whole channels of (N, C, L) or (C, L) and scales the rest by 1 / (1 - p). */
export class Dropout1d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return functional.dropout1d(x, this.p, this.training)
  }
}

/** In training zeroes whole channels of (N, C, H, W) and scales the rest by 1 / (1 - p). */
export class Dropout2d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return functional.dropout2d(x, this.p, this.training)
  }
}

/** In training sets elements to SELU's negative saturation; mean and variance are kept. */
export class AlphaDropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return functional.alphaDropout(x, this.p, this.training)
  }
}

/** AlphaDropout of whole channels. */
export class FeatureAlphaDropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return functional.featureAlphaDropout(x, this.p, this.training)
  }
}
