// Two-dimensional convolution.
import { ArgumentError } from '../errors.ts'
import { conv2d, empty } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { resetParameters } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** One number for both directions, or [vertical, horizontal]. */
export type Size2d = number | readonly [number, number]

export interface Conv2dOptions {
  /** Default 1. */
  stride?: Size2d
  /** Zeros added on each side. Default 0. */
  padding?: Size2d
  /** Default 1. */
  dilation?: Size2d
  /** Channels are convolved in this many separate groups. Default 1. */
  groups?: number
  /** Default true. */
  bias?: boolean
}

const pair = (size: Size2d): [number, number] =>
  typeof size === 'number' ? [size, size] : [...size]

/**
 * Convolution of (N, inChannels, H, W) to (N, outChannels, H', W'), with
 * H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. The weight is
 * (outChannels, inChannels / groups, kH, kW) and starts as PyTorch's.
 *
 * @throws ArgumentError when the channels cannot be divided by the groups.
 */
export class Conv2d extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: [number, number]
  readonly stride: [number, number]
  readonly padding: [number, number]
  readonly dilation: [number, number]
  readonly groups: number
  readonly weight: Parameter
  readonly bias: Parameter | null

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: Conv2dOptions = {},
  ) {
    super()
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new ArgumentError(
        `Expected channels that \`groups\` divides but received ${inChannels} -> ${outChannels} channels in ${groups} groups.`,
      )
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pair(kernelSize)
    this.stride = pair(stride)
    this.padding = pair(padding)
    this.dilation = pair(dilation)
    this.groups = groups
    this.weight = new Parameter(empty([outChannels, inChannels / groups, ...this.kernelSize]))
    this.bias = bias ? new Parameter(empty([outChannels])) : null
    resetParameters(this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, this.weight)
  }

  /** The convolution with another kernel of the same shape, for layers that re-parameterise it. */
  protected convolve(x: Tensor, weight: Tensor): Tensor {
    return conv2d(x, weight, this.bias, this.stride, this.padding, this.dilation, this.groups)
  }
}
