// What the rules ask of a kernel, as the convolution uses it: how much variance it lets through, what
// it makes of means, how many directions it keeps, and how much of it lies on zero padding.
import { type Tensor, tidy } from '@normfree/torch'
import type { SignalNode } from './graph.ts'

/** Numbers of one effective kernel, (out, in / groups, ...). */
export interface Kernel {
  /** Mean over output units of the sum of squares: the variance that comes out for 1 coming in. */
  energy: number
  /** Mean over output units of the squared sum: the squared mean for a common mean of 1. */
  squaredSum: number
  /**
   * Directions that the kernel keeps over those of a normal one of its shape, 0 (one direction) to
   * about 1; null where there are too few to judge.
   */
  spread: number | null
  /** Share of the weights that lie inside the image, averaged over positions. */
  inside: number
}

type Pair = number | readonly number[]

/** The kernel of a call of conv2d, conv1d or linear on the result of `input`. */
export function kernelOf(operator: string, args: readonly unknown[], input: SignalNode): Kernel {
  const [, weight, , stride = 1, padding = 0, dilation = 1, groups = 1] = args as [
    unknown,
    Tensor,
    unknown,
    ...Pair[],
  ]
  const moments = tidy(() => {
    const rows = weight.detach().to('float32').flatten(1)
    return {
      energy: rows.square().sum(1).mean().item(),
      squaredSum: rows.sum(1).square().mean().item(),
      spread: spreadOf(rows, operator === 'linear' ? 1 : (groups as number)),
    }
  })
  const inside =
    operator === 'conv2d' ? insideShare(input, weight.shape, { stride, padding, dilation }) : 1
  return { ...moments, inside }
}

/** More output units are not looked at: they cost much and say nothing new. */
const MOST_UNITS = 128
/** Below this many directions a normal kernel's own number varies too much. */
const FEWEST_DIRECTIONS = 4

/**
 * Participation ratio (sum of squared singular values)^2 / sum of their fourth powers, without the
 * singular values: ||W||^4 / ||W W^T||^2. A normal out x in matrix has out in / (out + in).
 */
function spreadOf(rows: Tensor, groups: number): number | null {
  const [units, fanIn] = [rows.shape[0] / groups, rows.shape[1]]
  const out = Math.min(units, MOST_UNITS)
  const expected = (out * fanIn) / (out + fanIn)
  if (expected < FEWEST_DIRECTIONS) return null
  const each = rows.view([groups, units, fanIn]).narrow(1, 0, out)
  const gram = out < fanIn ? each.matmul(each.mT) : each.mT.matmul(each)
  const squares = each.square().sum([1, 2])
  const ratio = squares
    .square()
    .div(gram.square().sum([1, 2]))
    .nanToNum(0)
    .mean()
    .item()
  return ratio === 0 ? null : Math.max(0, (ratio - 1) / (expected - 1))
}

interface Window {
  stride: Pair
  padding: Pair | string
  dilation: Pair
}

/** Both directions of an image; what SAME padding added in front of the convolution counts. */
function insideShare(input: SignalNode, weightShape: readonly number[], window: Window): number {
  const shares = [0, 1].map(direction => {
    const of = (pair: Pair) => (typeof pair === 'number' ? pair : (pair[direction] ?? pair[0]))
    const own = input.step.kind === 'pad' ? input.step.amounts : []
    const [before, behind] = own.slice(2 * (1 - direction), 2 * (1 - direction) + 2)
    const size = input.shape[2 + direction]
    const [low, high] = [before ?? 0, size - (behind ?? 0)]
    const [kernel, stride, dilation] = [
      weightShape[2 + direction],
      of(window.stride),
      of(window.dilation),
    ]
    const span = (kernel - 1) * dilation
    const padding = paddingOf(window.padding, span, of)
    let [inside, all] = [0, 0]
    for (let at = -padding; at + span < size + padding; at += stride)
      for (let tap = 0; tap < kernel; tap++) {
        const position = at + tap * dilation
        all++
        if (position >= low && position < high) inside++
      }
    return inside / all
  })
  return shares[0] * shares[1]
}

/** Zeros in front; 'same' pads for as many outputs as inputs. */
function paddingOf(padding: Pair | string, span: number, of: (pair: Pair) => number): number {
  if (typeof padding !== 'string') return of(padding)
  return padding === 'same' ? span / 2 : 0
}
