// Losses as modules: a call takes the prediction and the target. Formulas stand at the functions of
// the same names in functional/loss.ts.
import type { Tensor } from '../tensor.ts'
import * as functional from './functional/loss.ts'
import { Module } from './module.ts'
import { Buffer } from './parameter.ts'

/** A loss with the options of its function. */
abstract class Loss<Options> extends Module<[input: Tensor, target: Tensor]> {
  readonly options: Options

  constructor(options: Options = {} as Options) {
    super()
    this.options = options
  }
}

/** A loss whose weight moves and is saved with the model that owns it. */
abstract class WeightedLoss<Options extends { weight?: Tensor | null }> extends Loss<Options> {
  readonly weight: Buffer | null

  constructor(options: Options = {} as Options) {
    super(options)
    this.weight = options.weight ? new Buffer(options.weight) : null
  }
}

/** `functional.crossEntropy` of logits (N, C, ...) and labels (N, ...) or probabilities (N, C, ...). */
export class CrossEntropyLoss extends WeightedLoss<functional.CrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.crossEntropy(input, target, { ...this.options, weight: this.weight })
  }
}

/** `functional.nllLoss` of log probabilities (N, C, ...) and labels (N, ...). */
export class NLLLoss extends WeightedLoss<functional.NllLossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.nllLoss(input, target, { ...this.options, weight: this.weight })
  }
}

/** `functional.binaryCrossEntropy` of probabilities. */
export class BCELoss extends WeightedLoss<functional.BinaryCrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.binaryCrossEntropy(input, target, { ...this.options, weight: this.weight })
  }
}

/** `functional.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends WeightedLoss<functional.BinaryCrossEntropyWithLogitsOptions> {
  readonly posWeight: Buffer | null

  constructor(options: functional.BinaryCrossEntropyWithLogitsOptions = {}) {
    super(options)
    this.posWeight = options.posWeight ? new Buffer(options.posWeight) : null
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, posWeight } = this
    return functional.binaryCrossEntropyWithLogits(input, target, {
      ...this.options,
      weight,
      posWeight,
    })
  }
}

/** `functional.mseLoss`: squared errors. */
export class MSELoss extends Loss<functional.ReductionOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.mseLoss(input, target, this.options)
  }
}

/** `functional.l1Loss`: absolute errors. */
export class L1Loss extends Loss<functional.ReductionOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.l1Loss(input, target, this.options)
  }
}

/** `functional.huberLoss`. */
export class HuberLoss extends Loss<functional.HuberLossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.huberLoss(input, target, this.options)
  }
}

/** `functional.smoothL1Loss`. */
export class SmoothL1Loss extends Loss<functional.SmoothL1LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.smoothL1Loss(input, target, this.options)
  }
}

/** `functional.reverseHuberLoss`, for depth. */
export class ReverseHuberLoss extends Loss<functional.ReverseHuberLossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.reverseHuberLoss(input, target, this.options)
  }
}

/** `functional.klDiv` of log probabilities and probabilities. */
export class KLDivLoss extends Loss<functional.KlDivOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return functional.klDiv(input, target, this.options)
  }
}
