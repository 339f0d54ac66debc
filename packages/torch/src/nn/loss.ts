// Losses as modules: a call takes the prediction and the target. Formulas stand at the functions of
// the same names in functional/loss.ts.
import type { Tensor } from '../tensor.ts'
import * as functional from './functional/loss.ts'
import { Module } from './module.ts'
import { Buffer } from './parameter.ts'

type LossFunction<Options> = (input: Tensor, target: Tensor, options: Options) => Tensor

/** A loss with the options of its function. */
abstract class Loss<Options> extends Module<[input: Tensor, target: Tensor]> {
  protected abstract readonly compute: LossFunction<Options>
  readonly options: Options

  constructor(options: Options = {} as Options) {
    super()
    this.options = options
  }

  /** The options with what the module owns of them. */
  protected get settings(): Options {
    return this.options
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return this.compute(input, target, this.settings)
  }
}

/** A loss whose weight moves and is saved with the model that owns it. */
abstract class WeightedLoss<Options extends { weight?: Tensor | null }> extends Loss<Options> {
  readonly weight: Buffer | null

  constructor(options: Options = {} as Options) {
    super(options)
    this.weight = options.weight ? new Buffer(options.weight) : null
  }

  protected override get settings(): Options {
    return { ...this.options, weight: this.weight }
  }
}

/** `functional.crossEntropy` of logits (N, C, ...) and labels (N, ...) or probabilities (N, C, ...). */
export class CrossEntropyLoss extends WeightedLoss<functional.CrossEntropyOptions> {
  protected override readonly compute = functional.crossEntropy
}

/** `functional.nllLoss` of log probabilities (N, C, ...) and labels (N, ...). */
export class NLLLoss extends WeightedLoss<functional.NllLossOptions> {
  protected override readonly compute = functional.nllLoss
}

/** `functional.binaryCrossEntropy` of probabilities. */
export class BCELoss extends WeightedLoss<functional.BinaryCrossEntropyOptions> {
  protected override readonly compute = functional.binaryCrossEntropy
}

/** `functional.binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends WeightedLoss<functional.BinaryCrossEntropyWithLogitsOptions> {
  protected override readonly compute = functional.binaryCrossEntropyWithLogits
  readonly posWeight: Buffer | null

  constructor(options: functional.BinaryCrossEntropyWithLogitsOptions = {}) {
    super(options)
    this.posWeight = options.posWeight ? new Buffer(options.posWeight) : null
  }

  protected override get settings(): functional.BinaryCrossEntropyWithLogitsOptions {
    return { ...super.settings, posWeight: this.posWeight }
  }
}

/** `functional.mseLoss`: squared errors. */
export class MSELoss extends Loss<functional.ReductionOptions> {
  protected override readonly compute = functional.mseLoss
}

/** `functional.l1Loss`: absolute errors. */
export class L1Loss extends Loss<functional.ReductionOptions> {
  protected override readonly compute = functional.l1Loss
}

/** `functional.huberLoss`. */
export class HuberLoss extends Loss<functional.HuberLossOptions> {
  protected override readonly compute = functional.huberLoss
}

/** `functional.smoothL1Loss`. */
export class SmoothL1Loss extends Loss<functional.SmoothL1LossOptions> {
  protected override readonly compute = functional.smoothL1Loss
}

/** `functional.reverseHuberLoss`, for depth. */
export class ReverseHuberLoss extends Loss<functional.ReverseHuberLossOptions> {
  protected override readonly compute = functional.reverseHuberLoss
}

/** `functional.klDiv` of log probabilities and probabilities. */
export class KLDivLoss extends Loss<functional.KlDivOptions> {
  protected override readonly compute = functional.klDiv
}
