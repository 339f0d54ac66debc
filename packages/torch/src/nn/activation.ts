// Activation functions as modules, element by element on any shape. Formulas are PyTorch's.
import * as ops from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'

/** max(0, x) */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return ops.relu(x)
  }
}

/** min(max(0, x), 6) */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return ops.hardtanh(x, 0, 6)
  }
}

/** x for x > 0, slope x otherwise. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  /** @param negativeSlope default 0.01 */
  constructor(negativeSlope = 0.01) {
    super()
    this.negativeSlope = negativeSlope
  }

  override forward(x: Tensor): Tensor {
    return ops.leakyRelu(x, this.negativeSlope)
  }
}

/** x sigmoid(x), also called swish. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return ops.silu(x)
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
}

/** x for x > 0, exp(x) - 1 otherwise. */
export class ELU extends Module {
  override forward(x: Tensor): Tensor {
    return ops.elu(x)
  }
}

/** ELU scaled so that N(0, 1) is a fixed point (Klambauer et al., 2017). */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return ops.selu(x)
  }
}

/** ELU with a continuous derivative for every alpha; here alpha = 1. */
export class CELU extends Module {
  override forward(x: Tensor): Tensor {
    return ops.celu(x)
  }
}

export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return ops.sigmoid(x)
  }
}

export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return ops.tanh(x)
  }
}

/** log(1 + exp(x)) */
export class Softplus extends Module {
  override forward(x: Tensor): Tensor {
    return ops.softplus(x)
  }
}

/** x / (1 + |x|) */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return x.div(x.abs().add(1))
  }
}

/** log sigmoid(x) */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return ops.logSigmoid(x)
  }
}

/** x tanh(softplus(x)) */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return ops.mish(x)
  }
}

/** x relu6(x + 3) / 6 */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return ops.hardswish(x)
  }
}

/** log softmax along the last dimension, or the given one. */
export class LogSoftmax extends Module {
  readonly dim: number

  /** @param dim default -1 */
  constructor(dim = -1) {
    super()
    this.dim = dim
  }

  override forward(x: Tensor): Tensor {
    return ops.logSoftmax(x, this.dim)
  }
}

/** First half of a dimension times the sigmoid of its second half. */
export class GLU extends Module {
  readonly dim: number

  /** @param dim default -1; its size is halved */
  constructor(dim = -1) {
    super()
    this.dim = dim
  }

  override forward(x: Tensor): Tensor {
    return ops.glu(x, this.dim)
  }
}
