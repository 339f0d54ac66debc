// What the registry holds of a model: a row.
import type { nn } from '@normfree/torch'
import type { ActivationName } from '../activations.ts'
import type { NormName } from '../layers/norm.ts'
import type { WeightStandardization } from '../layers/scaled-std-conv.ts'

/** How a RescaleNet may depart from the released ones: what its reviewers wanted to see ablated. */
export interface RescaleVariation {
  /** The family's constant, >= 0; large: small and even branches. Default: blocks - 1. */
  c?: number
  /** The learned scale of a branch: one number, or one a channel. Default 'scalar'. */
  multiplier?: 'scalar' | 'vector'
  /** Batches whose mean the biases start from; 0: plain biases. Default 8. */
  biasBatches?: number
  /** Scale the kernels down with depth; without it branches start at 1 / sqrt(L). Default true. */
  depthInit?: boolean
  /** Dropout of whole channels behind every convolution of the last two stages. Default 0. */
  dropConv?: number
  /** Learn a scalar on the shortcut too, from 1. Default false. */
  identityScale?: boolean
}

/**
 * What may be changed in a model: in any, the number of classes, the images' channels and the dropout;
 * the rest where the model's row lists it. Names are timm's where timm has them.
 */
export interface ModelOptions extends RescaleVariation {
  /** Default: that of the family's data set, 10 for CIFAR and 1000 for ImageNet. */
  numClasses?: number
  /** Channels of the images. Default 3. */
  inChans?: number
  /** Dropout before the classifier. Default 0 (`rescale_vgg*`: 0.5). */
  dropRate?: number
  /** Stochastic depth of the last blocks; it grows from 0 along the net. Default 0. */
  dropPathRate?: number
  /**
   * By how much the net divides an image's sides: below 32, later stages dilate their convolutions
   * in place of striding, as dense prediction wants. Default 32.
   */
  outputStride?: 8 | 16 | 32
  /** Another norm in place of the model's, or none. Default: the model's. */
  norm?: NormName
  /** Growth of the variance a block, or the branch's share of it. Default: the family's (0.2). */
  alpha?: number
  /** Of a normalizer-free net, each with its own gain (GAMMA). Default: the family's. */
  activation?: ActivationName
  /**
   * Whether kernels are standardized on every call or, by `standardizeWeights_`, after every step of
   * the optimizer. Default 'forward'.
   */
  weightStandardization?: WeightStandardization
}

/** The options that every model takes. */
export const COMMON_OPTIONS = ['numClasses', 'inChans', 'dropRate'] as const

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
  /** The options that it takes besides `numClasses`, `inChans` and `dropRate`. */
  options: readonly (keyof ModelOptions)[]
  /** Builds it, with weights from the default random stream. */
  create(options: ModelOptions): nn.Module
}
