// Fully connected layer.
import { empty, linear } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { calculateFanInAndFanOut, kaimingUniform_, uniform_ } from './init.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { boolText } from './print.ts'

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Add a learned bias. Default true. */
  bias?: boolean
}

/**
 * y = x W^T + b. Input (..., inFeatures), output (..., outFeatures). Weights start uniform in
 * +-1/sqrt(inFeatures), as PyTorch's.
 */
export class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly weight: Parameter
  readonly bias: Parameter | null

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = new Parameter(empty([outFeatures, inFeatures]))
    this.bias = options.bias === false ? null : new Parameter(empty([outFeatures]))
    resetParameters(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }

  override extraRepr(): string {
    const { inFeatures, outFeatures, bias } = this
    return `in_features=${inFeatures}, out_features=${outFeatures}, bias=${boolText(bias !== null)}`
  }
}

/** PyTorch's default for convolutions and linear layers: uniform in +-1/sqrt(fan_in). */
export function resetParameters(weight: Tensor, bias: Tensor | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) })
  if (!bias) return
  const bound = 1 / Math.sqrt(calculateFanInAndFanOut(weight)[0])
  uniform_(bias, -bound, bound)
}
