// Rows of a table by index.
import { noGrad } from '../../autograd.ts'
import * as ops from '../../generated/functions.ts'
import type { Tensor } from '../../tensor.ts'

/** Options of {@link embedding}. */
export interface EmbeddingFunctionOptions {
  /** Row that gets no gradient; a negative one counts from the end. Default: none. */
  paddingIdx?: number
  /** Rows that are looked up are first scaled down to this norm, in place. Default: none. */
  maxNorm?: number
  /** Order of that norm. Default 2. */
  normType?: number
  /** Divide gradients by how often the row occurs in `input`. Default false. */
  scaleGradByFreq?: boolean
}

/** Rows of `weight` (rows, D) at `input` (...) of dtype int64 or int32: (..., D). */
export function embedding(
  input: Tensor,
  weight: Tensor,
  options: EmbeddingFunctionOptions = {},
): Tensor {
  const { paddingIdx, maxNorm, normType = 2, scaleGradByFreq = false } = options
  if (maxNorm !== undefined)
    noGrad(() => ops.embeddingRenorm_(weight, input.contiguous(), maxNorm, normType))
  return ops.embedding(weight, input, rowFromEnd(paddingIdx, weight), scaleGradByFreq)
}

/** The operator's -1 means no padding. */
function rowFromEnd(row: number | undefined, weight: Tensor): number {
  if (row === undefined) return -1
  return row < 0 ? weight.shape[0] + row : row
}
