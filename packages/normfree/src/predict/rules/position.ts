// Operators that gather or move positions: pools, means, paddings and changes of shape.

import type { Tensor } from '@normfree/torch'
import {
  type Call,
  constantEstimate,
  Estimate,
  gridOf,
  isOperand,
  Mixture,
  type Operand,
  type Rule,
  type Rules,
  reshaped,
  Unpredicted,
} from '../estimate.ts'
import { cellsUnder, type Slide } from '../grid.ts'
import { averaged, build, cellAt, mapCells } from '../moments.ts'
import { PLAIN } from '../texture.ts'
import { type Averaging, type Window, windowMaxima, windowMeans } from '../window.ts'

type Pair = number | readonly number[]

const side = (value: Pair, index: 0 | 1): number =>
  typeof value === 'number' ? value : (value[index] ?? value[0])

/** A stride left out is the kernel's size. */
function windowOf(kernel: Pair, stride: Pair = [], padding: Pair = 0, dilation: Pair = 1): Window {
  const steps = Array.isArray(stride) && stride.length === 0 ? kernel : stride
  const slide = (index: 0 | 1): Slide => ({
    kernel: side(kernel, index),
    stride: side(steps, index),
    padding: side(padding, index),
    dilation: side(dilation, index),
  })
  return { rows: slide(0), columns: slide(1) }
}

function means(
  call: Call,
  x: Operand,
  window: Window,
  averaging: Omit<Averaging, 'smooth'>,
): Estimate {
  const { moments } = reshaped(x.estimate, x.shape, call.smooth)
  const to = gridOf(call.shape, call.smooth)
  return new Estimate(windowMeans(moments, window, to, { ...averaging, smooth: call.smooth }))
}

const avgPool: Rule = (
  call,
  x: Operand,
  kernel: Pair,
  stride?: Pair,
  padding: Pair = 0,
  _ceilMode: boolean = false,
  countIncludePad: boolean = true,
  divisor?: number | null,
) => {
  if (divisor != null) throw new Unpredicted(`divisor_override ${divisor}`)
  // Where the padding is 0, what hangs over in ceil_mode is left out of the mean.
  const countPadding = countIncludePad && padding !== 0
  return means(call, x, windowOf(kernel, stride, padding), { countPadding })
}

/** Windows that differ in size by one: by the mean of 1 / size, as if inside were all alike. */
const adaptiveAvgPool: Rule = (call, x: Operand, size: Pair) => {
  const [height, width] = [side(size, 0), side(size, 1)]
  if (height === 1 && width === 1) return new Estimate(averaged(x.estimate.moments))
  const share = inverseSize(x.shape[2], height) * inverseSize(x.shape[3], width)
  const { moments } = reshaped(x.estimate, call.shape, call.smooth)
  return new Estimate(
    mapCells({ ...moments, texture: PLAIN }, cell => ({
      ...cell,
      variance: cell.variance * (call.smooth ? 1 : share),
    })),
  )
}

/** Window o of `out` goes from floor(o in / out) to ceil((o + 1) in / out). */
function inverseSize(input: number, out: number): number {
  let sum = 0
  for (let o = 0; o < out; o++)
    sum += 1 / (Math.ceil(((o + 1) * input) / out) - Math.floor((o * input) / out))
  return sum / out
}

/** Smooth images are as large as their maxima over a window. */
const maxPool: Rule = (
  call,
  x: Operand,
  kernel: Pair,
  stride?: Pair,
  padding: Pair = 0,
  dilation: Pair = 1,
) => {
  const whole = reshaped(x.estimate, x.shape, call.smooth)
  if (call.smooth) return reshaped(whole, call.shape, true)
  const window = windowOf(kernel, stride, padding, dilation)
  return new Estimate(windowMaxima(whole.moments, window, gridOf(call.shape, false)))
}

/** Over positions; over channels, whose means are independent. */
const mean: Rule = (call, x: Operand, dims: Pair | null) => {
  if (dims === null) throw new Unpredicted('a mean over samples')
  const rank = x.shape.length
  const over = (typeof dims === 'number' ? [dims] : dims).map(dim => (dim < 0 ? dim + rank : dim))
  if (over.includes(0)) throw new Unpredicted('a mean over samples')
  const { moments } = x.estimate
  const inChannels = over.includes(1) && rank === 4 ? x.shape[1] : 1
  const positions = over.reduce((count, dim) => count * x.shape[dim], 1) / inChannels
  const whole = rank === 4 && over.includes(2) && over.includes(3)
  const gathered = whole
    ? averaged(moments)
    : mapCells({ ...moments, texture: PLAIN }, cell => ({
        ...cell,
        variance: cell.variance / positions,
      }))
  const y = mapCells(gathered, cell => ({
    mean: cell.mean,
    spread: cell.spread / Math.sqrt(inChannels),
    variance: cell.variance / inChannels,
  }))
  return reshaped(new Estimate(y), call.shape, call.smooth)
}

/** Pairs from the last dimension on; only positions are padded. */
function padded(call: Call, x: Operand, pads: readonly number[], value: number): Estimate {
  if (call.smooth) return reshaped(x.estimate, call.shape, true)
  if (x.shape.length !== 4 || pads.length > 4) throw new Unpredicted('padded channels')
  const [left = 0, , top = 0] = pads
  const { moments } = reshaped(x.estimate, x.shape, false)
  const slide = (padding: number): Slide => ({ kernel: 1, stride: 1, padding, dilation: 1 })
  const to = gridOf(call.shape, false)
  const cells = cellsUnder(moments.grid, to, slide(top), slide(left))
  const outside = { mean: value, spread: 0, variance: 0 }
  return new Estimate(
    build(to, i => (cells[i] < 0 ? outside : cellAt(moments, cells[i])), {
      ...moments.texture,
      least: Math.min(moments.texture.least, value),
    }),
  )
}

const pad: Rule = (
  call,
  x: Operand,
  pads: readonly number[],
  mode = 'constant',
  value?: number | null,
) => {
  if (mode === 'constant') return padded(call, x, pads, value ?? 0)
  return reshaped(x.estimate, call.shape, call.smooth)
}

/** Along the channels. */
const cat: Rule = (call, tensors: readonly (Operand | Tensor)[]) => {
  const total = tensors.reduce((sum, { shape }) => sum + shape[1], 0)
  const parts = tensors.map(each => {
    const estimate = isOperand(each) ? each.estimate : constantEstimate(each)
    return {
      share: each.shape[1] / total,
      estimate: reshaped(estimate, call.shape, call.smooth),
    }
  })
  return new Mixture(parts)
}

/** The same elements at the same places. */
const same: Rule = (call, x: Operand) => reshaped(x.estimate, call.shape, call.smooth)

/** Elements of the same kind, which are others at each place than before. */
const moved: Rule = (call, x: Operand) => reshaped(x.estimate, call.shape, call.smooth).apart()

const SAME = [
  ...['view', 'reshape', 'flatten.using_ints', 'unflatten.int', 'squeeze', 'squeeze.dim'],
  ...['unsqueeze', 'expand', 'expand_as', 'contiguous', 'clone', 'detach', 'alias'],
  ...['to.dtype', 'to.dtype_layout', 'to.device', 'to.other'],
]
const MOVED = [
  ...['permute', 'transpose.int', 't', 'roll', 'flip', 'repeat', 'slice.Tensor', 'select.int'],
  ...['narrow', 'split.Tensor', 'split_with_sizes', 'chunk', 'pixel_shuffle', 'pixel_unshuffle'],
  ...['channel_shuffle', 'upsample_nearest2d', 'upsample_nearest2d.vec'],
]
const each = (operators: readonly string[], rule: Rule): Rules =>
  Object.fromEntries(operators.map(operator => [operator, rule]))

export const POSITION: Rules = {
  ...each(SAME, same),
  ...each(MOVED, moved),
  avg_pool2d: avgPool,
  adaptive_avg_pool2d: adaptiveAvgPool,
  max_pool2d: maxPool,
  'mean.dim': mean,
  pad,
  constant_pad_nd: (call, x: Operand, pads: readonly number[], value: number = 0) =>
    padded(call, x, pads, value),
  cat,
}
