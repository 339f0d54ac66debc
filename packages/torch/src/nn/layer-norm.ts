// Normalisations that treat every sample by itself and keep no statistics.
import { ArgumentError } from '../errors.ts'
import { groupNorm, layerNorm, ones, zeros } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { boolText, floatText, sizeText } from './print.ts'

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Learn a gain and a bias for each channel. Default true. */
  affine?: boolean
}

/**
 * Normalises the channels of (N, C, ...) in groups: mean and variance over a group's channels and
 * all positions (Wu and He, 2018). weight and bias are (C), ones and zeros at first.
 *
 * @throws ArgumentError unless numGroups divides numChannels.
 */
export class GroupNorm extends Module {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  readonly weight: Parameter | null
  readonly bias: Parameter | null

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super()
    if (numChannels % numGroups !== 0)
      throw new ArgumentError(
        `Expected a number that divides ${numChannels} channels for \`numGroups\` but received ${numGroups}.`,
      )
    const { eps = 1e-5, affine = true } = options
    this.numGroups = numGroups
    this.numChannels = numChannels
    this.eps = eps
    this.weight = affine ? new Parameter(ones([numChannels])) : null
    this.bias = affine ? new Parameter(zeros([numChannels])) : null
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, weight } = this
    return `${numGroups}, ${numChannels}, eps=${floatText(eps)}, affine=${boolText(weight !== null)}`
  }
}

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Learn a gain and a bias for each element. Default true. */
  elementwiseAffine?: boolean
  /** Learn a bias where there is a gain. Default true. */
  bias?: boolean
}

/**
 * Normalises over the last dimensions, whose sizes are `normalizedShape` (Ba et al., 2016). weight
 * and bias have that shape, ones and zeros at first.
 */
export class LayerNorm extends Module {
  readonly normalizedShape: number[]
  readonly eps: number
  readonly weight: Parameter | null
  readonly bias: Parameter | null

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super()
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options
    this.normalizedShape =
      typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape)) : null
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this
    return `${sizeText(normalizedShape)}, eps=${floatText(eps)}, elementwise_affine=${boolText(weight !== null)}`
  }
}
