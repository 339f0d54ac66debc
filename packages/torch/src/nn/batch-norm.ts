// Batch normalization: the baseline that the rest of this project does without.

import { ShapeError } from '../errors.ts'
import { batchNorm, ones, zeros } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Weight of the new batch in the running statistics. Default 0.1. */
  momentum?: number
}

/**
 * (x - mean) / sqrt(var + eps) * weight + bias per channel of an (N, C, H, W) input; statistics of
 * the batch in training, running ones in evaluation (Ioffe and Szegedy, 2015).
 *
 * @throws ShapeError when the input is not (N, numFeatures, H, W), and in training when it has one
 * value per channel, which has no variance.
 */
export class BatchNorm2d extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number
  readonly weight: Parameter
  readonly bias: Parameter
  readonly runningMean: Buffer
  readonly runningVar: Buffer
  readonly numBatchesTracked: Buffer

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super()
    this.numFeatures = numFeatures
    this.eps = options.eps ?? 1e-5
    this.momentum = options.momentum ?? 0.1
    this.weight = new Parameter(ones([numFeatures]))
    this.bias = new Parameter(zeros([numFeatures]))
    this.runningMean = new Buffer(zeros([numFeatures]))
    this.runningVar = new Buffer(ones([numFeatures]))
    this.numBatchesTracked = new Buffer(zeros([], { dtype: 'int64' }))
  }

  override forward(x: Tensor): Tensor {
    const { shape } = x
    if (shape.length !== 4 || shape[1] !== this.numFeatures)
      throw new ShapeError(
        `Expected an input (N, ${this.numFeatures}, H, W) for BatchNorm2d but received [${shape.join(', ')}].`,
      )
    if (this.training && shape[0] * shape[2] * shape[3] === 1)
      throw new ShapeError(
        `Expected more than one value per channel for BatchNorm2d in training but received [${shape.join(', ')}].`,
      )
    if (this.training) this.numBatchesTracked.add_(1)
    return batchNorm(
      x,
      this.weight,
      this.bias,
      this.runningMean,
      this.runningVar,
      this.training,
      this.momentum,
      this.eps,
      true,
    )
  }
}
