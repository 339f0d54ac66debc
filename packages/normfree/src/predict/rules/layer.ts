// Layers with weights, and norms.
import { Tensor } from '@normfree/torch'
import {
  type Call,
  constant,
  constantEstimate,
  Estimate,
  gridOf,
  type Operand,
  type Rule,
  type Rules,
  reshaped,
  Unpredicted,
} from '../estimate.ts'
import type { Slide } from '../grid.ts'
import {
  affine,
  build,
  centred,
  type Moments,
  mapCells,
  product,
  statisticsOf,
  sum,
} from '../moments.ts'
import { unbounded } from '../texture.ts'
import { convolved, kernelStatistics } from '../window.ts'

type Optional = Tensor | null | undefined
type Pair = number | readonly number[]

const pairOf = (value: Pair): readonly [number, number] => {
  const [first, second = first] = typeof value === 'number' ? [value] : value
  return [first, second]
}

const withBias = (x: Moments, bias: Optional): Moments =>
  bias ? sum(x, constantEstimate(bias).moments) : x

/** Of a convolution, at the places that its schema gives. */
interface ConvArguments {
  weight: Tensor
  bias: Optional
  slides: [Slide, Slide]
}

function convolution(call: Call, x: Operand, { weight, bias, slides }: ConvArguments): Estimate {
  const { moments } = reshaped(x.estimate, x.shape, call.smooth)
  const kernel = kernelStatistics(call.kernelOf(constant(weight)))
  const window = { rows: slides[0], columns: slides[1] }
  return new Estimate(
    withBias(convolved(moments, kernel, window, gridOf(call.shape, call.smooth)), bias),
  )
}

const conv2d: Rule = (
  call,
  x: Operand,
  weight: Tensor,
  bias: Optional,
  stride: Pair = 1,
  padding: Pair = 0,
  dilation: Pair = 1,
) => {
  const [strides, paddings, dilations] = [stride, padding, dilation].map(pairOf)
  const slide = (side: 0 | 1): Slide => ({
    kernel: weight.shape[2 + side],
    stride: strides[side],
    padding: paddings[side],
    dilation: dilations[side],
  })
  return convolution(call, x, { weight, bias, slides: [slide(0), slide(1)] })
}

/** The form whose padding is a word. */
const conv2dPadded: Rule = (
  call,
  x: Operand,
  weight: Tensor,
  bias: Optional,
  stride: Pair = 1,
  padding = 'valid',
  dilation: Pair = 1,
) => {
  const reach = pairOf(dilation).map((each, side) => each * (weight.shape[2 + side] - 1))
  const padded = padding === 'same' ? reach.map(each => Math.floor(each / 2)) : 0
  return conv2d(call, ...([x, weight, bias, stride, padded, dilation] as never[]))
}

/** A product with a matrix (out, in), whatever the positions. */
function dense(call: Call, x: Operand, weight: Tensor, bias: Optional): Estimate {
  const { moments } = reshaped(x.estimate, x.shape, call.smooth)
  const slide = { kernel: 1, stride: 1, padding: 0, dilation: 1 }
  const kernel = kernelStatistics(call.kernelOf(constant(weight)))
  const window = { rows: slide, columns: slide }
  return new Estimate(withBias(convolved(moments, kernel, window, moments.grid), bias))
}

/** Along positions that are not told apart: as a dense layer of all its taps, without ends. */
const conv1d: Rule = (call, x: Operand, weight: Tensor, bias: Optional) =>
  dense(call, x, call.kernelOf(constant(weight)).flatten(1), bias)

const matmul: Rule = (call, x: Operand, weight: Tensor) => {
  if (!(weight instanceof Tensor) || weight.shape.length !== 2)
    throw new Unpredicted('a product of two tensors that depend on the input')
  return dense(call, x, weight.t(), null)
}

const withAffine = (x: Moments, weight: Optional, bias: Optional): Estimate =>
  new Estimate(withBias(weight ? product(x, constantEstimate(weight).moments) : x, bias))

/** By each channel's mean and variance over samples and positions. */
function channelNorm(x: Moments, eps: number): Moments {
  const scale = 1 / Math.sqrt(statisticsOf(x).variance + eps)
  return affine(centred(x), scale, 0)
}

/**
 * By mean and variance of groups of `channels` channels, over all positions of a sample: what
 * channels differ in within a group stays.
 */
function groupedNorm(x: Moments, channels: number, eps: number): Moments {
  const { grid } = x
  const [mean, spread] = [grid.average(x.mean), grid.average(x.spread)]
  const { squaredMean, variance } = statisticsOf(x)
  const kept = 1 - 1 / channels
  const scale = 1 / Math.sqrt(variance + kept * Math.max(squaredMean - mean ** 2, 0) + eps)
  return build(
    grid,
    i => ({
      mean: (x.mean[i] - mean) * scale,
      spread: (x.spread[i] + (Math.sqrt(kept) - 1) * spread) * scale,
      variance: x.variance[i] * scale ** 2,
    }),
    unbounded(x.texture),
  )
}

const batchNorm: Rule = (
  _,
  x: Operand,
  weight: Optional,
  bias: Optional,
  mean: Optional,
  variance: Optional,
  training: boolean,
  _momentum: number,
  eps: number,
) => {
  const { moments } = x.estimate
  if (training) return withAffine(channelNorm(moments, eps), weight, bias)
  const centred = sum(moments, constantEstimate(mean).moments, -1)
  const scale = constantEstimate(constant(variance).add(eps).rsqrt()).moments
  return withAffine(product(centred, scale), weight, bias)
}

/** By each position's mean and variance over the last dimension, the channels. */
const layerNorm: Rule = (
  _,
  x: Operand,
  _shape: readonly number[],
  weight: Optional,
  bias: Optional,
  eps: number = 1e-5,
) => {
  const { moments } = x.estimate
  const normed = mapCells(
    { ...moments, texture: unbounded(moments.texture) },
    ({ spread, variance }) => {
      const scale = 1 / Math.sqrt(variance + spread ** 2 + eps)
      return { mean: 0, spread: spread * scale, variance: variance * scale ** 2 }
    },
  )
  return withAffine(normed, weight, bias)
}

export const LAYER: Rules = {
  conv2d,
  'conv2d.padding': conv2dPadded,
  conv1d,
  linear: (call, x: Operand, weight: Tensor, bias: Optional) => dense(call, x, weight, bias),
  matmul,
  mm: matmul,
  batch_norm: batchNorm,
  instance_norm: batchNorm,
  group_norm: (
    _,
    x: Operand,
    groups: number,
    weight: Optional,
    bias: Optional,
    eps: number = 1e-5,
  ) => withAffine(groupedNorm(x.estimate.moments, x.shape[1] / groups, eps), weight, bias),
  layer_norm: layerNorm,
}
