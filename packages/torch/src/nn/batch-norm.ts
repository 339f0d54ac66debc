// Batch normalization: the baseline that the rest of this project does without.
import { ShapeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { batchNorm } from './functional/norm.ts'
import { RunningNorm, type RunningNormOptions } from './running-norm.ts'

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}. */
export type BatchNormOptions = RunningNormOptions

/** The arithmetic of all batch norms; a subclass says which inputs it takes. */
abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, options, true)
  }

  /** Throws ShapeError for an input that the layer does not take. */
  protected abstract check(shape: readonly number[]): void

  protected refuse(expected: string, shape: readonly number[]): never {
    throw new ShapeError(
      `Expected an input ${expected} for ${this.constructor.name} but received [${shape.join(', ')}].`,
    )
  }

  override forward(x: Tensor): Tensor {
    this.check(x.shape)
    const { weight, bias, runningMean, runningVar, eps, usesInputStatistics: training } = this
    const momentum = this.momentum ?? this.#cumulativeShare()
    const options = { weight, bias, training, momentum, eps }
    const y = batchNorm(x, runningMean, runningVar, options)
    if (this.training) this.numBatchesTracked?.add_(1)
    return y
  }

  /** The share of the n-th batch that makes the running statistics means over n batches. */
  #cumulativeShare(): number {
    return this.training && this.numBatchesTracked ? 1 / (this.numBatchesTracked.item() + 1) : 0
  }
}

/**
 * Batch normalization of (N, C) or (N, C, L), as BatchNorm2d.
 *
 * @throws ShapeError as BatchNorm2d.
 */
export class BatchNorm1d extends BatchNorm {
  protected override check(shape: readonly number[]): void {
    const { numFeatures } = this
    if ((shape.length !== 2 && shape.length !== 3) || shape[1] !== numFeatures)
      this.refuse(`(N, ${numFeatures}) or (N, ${numFeatures}, L)`, shape)
  }
}

/**
 * (x - mean) / sqrt(var + eps) * weight + bias per channel of an (N, C, H, W) input; statistics of
 * the batch in training, running ones in evaluation (Ioffe and Szegedy, 2015). The running variance
 * is the unbiased one.
 *
 * @throws ShapeError when the input is not (N, numFeatures, H, W), and in training when it has one
 * value per channel, which has no variance.
 */
export class BatchNorm2d extends BatchNorm {
  protected override check(shape: readonly number[]): void {
    const { numFeatures } = this
    if (shape.length !== 4 || shape[1] !== numFeatures)
      this.refuse(`(N, ${numFeatures}, H, W)`, shape)
  }
}
