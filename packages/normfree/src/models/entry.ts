// What the registry holds of a model: a row.
import type { nn } from '@normfree/torch'
import type { NormName } from '../layers/norm.ts'
import type { WeightStandardization } from '../layers/scaled-std-conv.ts'

/** What may be changed in any model. Names are timm's. */
export interface ModelOptions {
  /** Default: that of the family's data set, 10 for CIFAR and 1000 for ImageNet. */
  numClasses?: number
  /** Channels of the images. Default 3. */
  inChans?: number
  /** Dropout before the classifier. Default 0. */
  dropRate?: number
  /** Stochastic depth of the last blocks; it grows from 0 along the net. Default 0. */
  dropPathRate?: number
  /**
   * By how much the net divides an image's sides: below 32, later stages dilate their convolutions
   * in place of striding, as dense prediction wants. Default 32.
   */
  outputStride?: 8 | 16 | 32
  /** Models with norms: another norm in their place, or none. Default: the model's. */
  norm?: NormName
  /** Normalizer-free models: growth of the variance a block. Default: the family's (0.2). */
  alpha?: number
  /**
   * Normalizer-free models: whether kernels are standardized on every call or, by
   * `standardizeWeights_`, after every step of the optimizer. Default 'forward'.
   */
  weightStandardization?: WeightStandardization
}

/** A row of the registry: a model's name, where it comes from, and how it is built. */
export interface ModelEntry {
  name: string
  family: string
  /** What distinguishes it, in a few words. */
  description: string
  /** Where it comes from. */
  paper: string
  /** Side of the square input that MACs are quoted for, in pixels. */
  resolution: number
  /** Side of the noise images of its signal plot: larger, so that zero padding weighs less. */
  signalResolution: number
  /** Takes the option `norm`. */
  takesNorm?: boolean
  /** Builds it, with weights from the default random stream. */
  create(options: ModelOptions): nn.Module
}
