// What batch and instance normalisation share: affine parameters and running statistics.
import { ones, zeros } from '../generated/functions.ts'
import { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'
import { boolText, floatText } from './print.ts'

/** Options of batch and instance norms, which differ in defaults. */
export interface RunningNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Share of the new batch in the running statistics; null: the mean over all batches. Default 0.1. */
  momentum?: number | null
  /** Learn a gain and a bias for each channel. Default: true for batch, false for instance norms. */
  affine?: boolean
  /**
   * Keep running statistics for evaluation, which otherwise takes those of its input. Default: true
   * for batch, false for instance norms.
   */
  trackRunningStats?: boolean
}

/** Holds weight and bias (ones and zeros, or null) and the statistics (means 0, variances 1, or null). */
export abstract class RunningNorm extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  readonly affine: boolean
  readonly trackRunningStats: boolean
  readonly weight: Parameter | null
  readonly bias: Parameter | null
  readonly runningMean: Buffer | null
  readonly runningVar: Buffer | null
  readonly numBatchesTracked: Buffer | null

  constructor(numFeatures: number, options: RunningNormOptions, usual: boolean) {
    super()
    const { eps = 1e-5, momentum = 0.1, affine = usual, trackRunningStats = usual } = options
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.affine = affine
    this.trackRunningStats = trackRunningStats
    this.weight = affine ? new Parameter(ones([numFeatures])) : null
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null
    this.runningMean = trackRunningStats ? new Buffer(zeros([numFeatures])) : null
    this.runningVar = trackRunningStats ? new Buffer(ones([numFeatures])) : null
    this.numBatchesTracked = trackRunningStats ? new Buffer(zeros([], { dtype: 'int64' })) : null
  }

  /** As PyTorch's second version of these modules, which added the count. */
  protected override get optionalState(): readonly string[] {
    return ['num_batches_tracked']
  }

  /** True when the input's own statistics normalise it. */
  protected get usesInputStatistics(): boolean {
    return this.training || this.runningMean === null
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this
    const share = momentum === null ? 'None' : floatText(momentum)
    return `${numFeatures}, eps=${floatText(eps)}, momentum=${share}, affine=${boolText(affine)}, track_running_stats=${boolText(trackRunningStats)}`
  }
}
