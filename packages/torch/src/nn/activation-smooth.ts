// Activation functions as modules: the smooth ones, the shrinking ones, and those that run along a
// dimension. On any shape; formulas are PyTorch's.
import { ArgumentError, ShapeError } from '../errors.ts'
import * as ops from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Activation } from './activation.ts'
import { softmin, softsign, tanhshrink } from './functional/activation.ts'
import { Module } from './module.ts'

/** x sigmoid(x), also called swish. */
export class SiLU extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.silu_(x) : ops.silu(x)
  }
}

/** x Phi(x); `tanh` approximates Phi as Hendrycks and Gimpel (2016) do. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  /** @param approximate default 'none': by the error function */
  constructor(approximate: 'none' | 'tanh' = 'none') {
    super()
    this.approximate = approximate
  }

  override forward(x: Tensor): Tensor {
    return ops.gelu(x, { approximate: this.approximate })
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`
  }
}

/** x tanh(softplus(x)) */
export class Mish extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.mish_(x) : ops.mish(x)
  }
}

/** x relu6(x + 3) / 6 */
export class Hardswish extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.hardswish_(x) : ops.hardswish(x)
  }

  override extraRepr(): string {
    return ''
  }
}

/** relu6(x + 3) / 6 */
export class Hardsigmoid extends Activation {
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.hardsigmoid_(x) : ops.hardsigmoid(x)
  }

  override extraRepr(): string {
    return ''
  }
}

/** 1 / (1 + exp(-x)) */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return ops.sigmoid(x)
  }
}

/** (exp(x) - exp(-x)) / (exp(x) + exp(-x)) */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return ops.tanh(x)
  }
}

/** log(1 + exp(beta x)) / beta; x where beta x > threshold. */
export class Softplus extends Module {
  readonly beta: number
  readonly threshold: number

  /**
   * @param beta default 1
   * @param threshold default 20
   */
  constructor(beta = 1, threshold = 20) {
    super()
    this.beta = beta
    this.threshold = threshold
  }

  override forward(x: Tensor): Tensor {
    return ops.softplus(x, this.beta, this.threshold)
  }

  override extraRepr(): string {
    return `beta=${this.beta}, threshold=${this.threshold}`
  }
}

/** x / (1 + |x|) */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x)
  }
}

/** log sigmoid(x) */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return ops.logSigmoid(x)
  }
}

/** x - tanh(x) */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x)
  }
}

/** x - lambd for x > lambd, x + lambd for x < -lambd, 0 between. */
export class Softshrink extends Module {
  readonly lambd: number

  /** @param lambd not negative, default 0.5 */
  constructor(lambd = 0.5) {
    super()
    if (!(lambd >= 0))
      throw new ArgumentError(
        `Expected a number that is not negative for \`lambd\` but received ${lambd}.`,
      )
    this.lambd = lambd
  }

  override forward(x: Tensor): Tensor {
    return ops.softshrink(x, this.lambd)
  }

  override extraRepr(): string {
    return String(this.lambd)
  }
}

/** x for |x| > lambd, 0 otherwise. */
export class Hardshrink extends Module {
  readonly lambd: number

  /** @param lambd default 0.5 */
  constructor(lambd = 0.5) {
    super()
    this.lambd = lambd
  }

  override forward(x: Tensor): Tensor {
    return ops.hardshrink(x, this.lambd)
  }

  override extraRepr(): string {
    return String(this.lambd)
  }
}

/** What runs along one dimension. */
abstract class AlongDimension extends Module {
  readonly dim: number

  /** @param dim the dimension; PyTorch's guess when none is given is deprecated there */
  constructor(dim: number) {
    super()
    this.dim = dim
  }

  override extraRepr(): string {
    return `dim=${this.dim}`
  }
}

/** exp(x) / sum of exp(x) along a dimension. */
export class Softmax extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return ops.softmax(x, this.dim)
  }
}

/** Softmax of -x along a dimension. */
export class Softmin extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim)
  }
}

/** log of Softmax along a dimension. */
export class LogSoftmax extends AlongDimension {
  override forward(x: Tensor): Tensor {
    return ops.logSoftmax(x, this.dim)
  }
}

/**
 * Softmax over the channels of (N, C, H, W) or (C, H, W).
 *
 * @throws ShapeError for other dimensions.
 */
export class Softmax2d extends Module {
  override forward(x: Tensor): Tensor {
    if (x.dim !== 3 && x.dim !== 4)
      throw new ShapeError(
        `Expected an input (N, C, H, W) or (C, H, W) for Softmax2d but received [${x.shape.join(', ')}].`,
      )
    return ops.softmax(x, -3)
  }
}

/** First half of a dimension times the sigmoid of its second half. */
export class GLU extends AlongDimension {
  /** @param dim default -1; its size is halved */
  constructor(dim = -1) {
    super(dim)
  }

  override forward(x: Tensor): Tensor {
    return ops.glu(x, this.dim)
  }
}
