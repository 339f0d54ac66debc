// Dropout in its forms. In training, what is dropped depends on the default random stream.
import { ArgumentError, ShapeError } from '../../errors.ts'
import * as ops from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'

/** Throws ArgumentError when `p` is no probability. */
export function checkProbability(p: number): void {
  if (!(p >= 0 && p <= 1))
    throw new ArgumentError(`Expected a probability from 0 to 1 for \`p\` but received ${p}.`)
}

type Operator = (input: Tensor, p: number, train: boolean) => Tensor

/** Out of training nothing runs, and the input itself comes back. */
function drop(operator: Operator, input: Tensor, p: number, training: boolean): Tensor {
  checkProbability(p)
  return training && p > 0 ? operator(input, p, true) : input
}

/**
 * Zeroes elements with probability `p` and scales the rest by 1 / (1 - p); any shape.
 *
 * @throws ArgumentError when `p` is no probability.
 */
export const dropout = (input: Tensor, p = 0.5, training = true): Tensor =>
  drop(ops.dropout, input, p, training)

/** dropout that overwrites its input. */
export const dropout_ = (input: Tensor, p = 0.5, training = true): Tensor =>
  drop(ops.dropout_, input, p, training)

/**
 * Dropout of whole channels of (N, C, L) or (C, L).
 *
 * @throws ShapeError for other dimensions, ArgumentError when `p` is no probability.
 */
export function dropout1d(input: Tensor, p = 0.5, training = true): Tensor {
  const { dim } = input
  if (dim !== 2 && dim !== 3)
    throw new ShapeError(
      `Expected an input (N, C, L) or (C, L) for dropout1d but received [${input.shape.join(', ')}].`,
    )
  if (dim === 3) return drop(ops.featureDropout, input, p, training)
  const alone: Operator = (x, q) =>
    tidy(() => ops.featureDropout(x.unsqueeze(0), q, true).squeeze(0))
  return drop(alone, input, p, training)
}

/** Dropout of whole channels of (N, C, H, W). Throws ArgumentError when `p` is no probability. */
export const dropout2d = (input: Tensor, p = 0.5, training = true): Tensor =>
  drop(ops.featureDropout, input, p, training)

/**
 * Dropout to the negative saturation of SELU, keeping mean and variance (Klambauer et al., 2017).
 *
 * @throws ArgumentError when `p` is no probability.
 */
export const alphaDropout = (input: Tensor, p = 0.5, training = false): Tensor =>
  drop(ops.alphaDropout, input, p, training)

/** alphaDropout of whole channels. Throws ArgumentError when `p` is no probability. */
export const featureAlphaDropout = (input: Tensor, p = 0.5, training = false): Tensor =>
  drop(ops.featureAlphaDropout, input, p, training)
