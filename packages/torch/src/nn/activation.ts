// Activation functions as modules: those that are straight or saturated in pieces. Element by
// element on any shape; formulas are PyTorch's.
import { ArgumentError } from '../errors.ts'
import * as ops from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { constant_ } from './init.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { floatText } from './print.ts'

/** The option of activations and dropouts that can overwrite their input. */
export interface InplaceOptions {
  /** Overwrite the input. Default false. */
  inplace?: boolean
}

/** What activations that can overwrite their input share. */
export abstract class Activation extends Module {
  readonly inplace: boolean

  constructor(options: InplaceOptions = {}) {
    super()
    this.inplace = options.inplace ?? false
  }

  /** As PyTorch prints it: what the activation says of itself, then the flag where it is set. */
  protected describe(...parts: string[]): string {
    return [...parts, ...(this.inplace ? ['inplace=True'] : [])].join(', ')
  }

  override extraRepr(): string {
    return this.describe()
  }
}

/** max(0, x) */
export class ReLU extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.relu_(x) : ops.relu(x)
  }
}

/** min(max(0, x), 6) */
export class ReLU6 extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.hardtanh_(x, 0, 6) : ops.hardtanh(x, 0, 6)
  }
}

/** x for x > 0, slope x otherwise. */
export class LeakyReLU extends Activation {
  readonly negativeSlope: number

  /** @param negativeSlope default 0.01 */
  constructor(negativeSlope = 0.01, options: InplaceOptions = {}) {
    super(options)
    this.negativeSlope = negativeSlope
  }

  override forward(x: Tensor): Tensor {
    return this.inplace
      ? ops.leakyRelu_(x, this.negativeSlope)
      : ops.leakyRelu(x, this.negativeSlope)
  }

  override extraRepr(): string {
    return this.describe(`negative_slope=${this.negativeSlope}`)
  }
}

/** x for x > 0, weight x otherwise, with a trained weight for all channels or for each (He et al., 2015). */
export class PReLU extends Module {
  readonly numParameters: number
  readonly weight: Parameter

  /**
   * @param numParameters 1 (the default) or the channels of (N, C, ...)
   * @param init initial slope, default 0.25
   */
  constructor(numParameters = 1, init = 0.25) {
    super()
    this.numParameters = numParameters
    this.weight = new Parameter(constant_(ops.empty([numParameters]), init))
  }

  override forward(x: Tensor): Tensor {
    return ops.prelu(x, this.weight)
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`
  }
}

/** x for x >= 0, a x otherwise: a uniform in [lower, upper] in training, their middle in evaluation. */
export class RReLU extends Activation {
  readonly lower: number
  readonly upper: number

  /**
   * @param lower default 1/8
   * @param upper default 1/3
   */
  constructor(lower = 1 / 8, upper = 1 / 3, options: InplaceOptions = {}) {
    super(options)
    this.lower = lower
    this.upper = upper
  }

  override forward(x: Tensor): Tensor {
    const { lower, upper, training } = this
    return this.inplace
      ? ops.rrelu_(x, lower, upper, training)
      : ops.rrelu(x, lower, upper, training)
  }

  override extraRepr(): string {
    return this.describe(`lower=${this.lower}`, `upper=${this.upper}`)
  }
}

/** x for x > 0, alpha (exp(x) - 1) otherwise. */
export class ELU extends Activation {
  readonly alpha: number

  /** @param alpha default 1 */
  constructor(alpha = 1, options: InplaceOptions = {}) {
    super(options)
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.elu_(x, this.alpha) : ops.elu(x, this.alpha)
  }

  override extraRepr(): string {
    return this.describe(`alpha=${floatText(this.alpha)}`)
  }
}

/** ELU scaled so that N(0, 1) is a fixed point (Klambauer et al., 2017). */
export class SELU extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.selu_(x) : ops.selu(x)
  }
}

/** max(0, x) + min(0, alpha (exp(x / alpha) - 1)): ELU with a continuous derivative for every alpha. */
export class CELU extends Activation {
  readonly alpha: number

  /** @param alpha default 1 */
  constructor(alpha = 1, options: InplaceOptions = {}) {
    super(options)
    this.alpha = alpha
  }

  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.celu_(x, this.alpha) : ops.celu(x, this.alpha)
  }

  override extraRepr(): string {
    return this.describe(`alpha=${floatText(this.alpha)}`)
  }
}

/** x for x > threshold, `value` otherwise. */
export class Threshold extends Activation {
  readonly threshold: number
  readonly value: number

  constructor(threshold: number, value: number, options: InplaceOptions = {}) {
    super(options)
    this.threshold = threshold
    this.value = value
  }

  override forward(x: Tensor): Tensor {
    const { threshold, value } = this
    return this.inplace ? ops.threshold_(x, threshold, value) : ops.threshold(x, threshold, value)
  }

  override extraRepr(): string {
    return this.describe(`threshold=${this.threshold}`, `value=${this.value}`)
  }
}

/**
 * min(max(x, minVal), maxVal)
 *
 * @throws ArgumentError unless minVal < maxVal.
 */
export class Hardtanh extends Activation {
  readonly minVal: number
  readonly maxVal: number

  /**
   * @param minVal default -1
   * @param maxVal default 1
   */
  constructor(minVal = -1, maxVal = 1, options: InplaceOptions = {}) {
    super(options)
    if (!(minVal < maxVal))
      throw new ArgumentError(
        `Expected a number above \`minVal\` ${minVal} for \`maxVal\` but received ${maxVal}.`,
      )
    this.minVal = minVal
    this.maxVal = maxVal
  }

  override forward(x: Tensor): Tensor {
    const { minVal, maxVal } = this
    return this.inplace ? ops.hardtanh_(x, minVal, maxVal) : ops.hardtanh(x, minVal, maxVal)
  }

  override extraRepr(): string {
    return this.describe(`min_val=${floatText(this.minVal)}`, `max_val=${floatText(this.maxVal)}`)
  }
}
