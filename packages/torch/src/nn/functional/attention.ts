// Scaled dot product attention: LibTorch's fused operator where the loaded one has it (2.0 and
// later), the same arithmetic in parts elsewhere.
import { callOperator, hasOperator } from '../../call.ts'
import { ArgumentError } from '../../errors.ts'
import * as ops from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'

/** Options of {@link scaledDotProductAttention}; L queries, S keys of E features. */
export interface AttentionOptions {
  /**
   * (..., L, S), broadcast: bool, true where a query may look at a key; or added to the scores.
   * Default: every query looks at every key.
   */
  attnMask?: Tensor | null
  /** Probability to drop an attention weight. Default 0. */
  dropoutP?: number
  /** Query i looks at keys 0 to i alone; excludes attnMask. Default false. */
  isCausal?: boolean
  /** Multiplies the scores. Default 1 / sqrt(E). */
  scale?: number
}

const OPERATOR = 'aten::scaled_dot_product_attention'

/**
 * softmax(query key^T * scale + mask) value, for query (..., L, E), key (..., S, E) and value
 * (..., S, Ev): (..., L, Ev) (Vaswani et al., 2017).
 *
 * @throws ArgumentError when both a mask and isCausal are given.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const { attnMask = null, dropoutP = 0, isCausal = false, scale } = options
  if (attnMask && isCausal)
    throw new ArgumentError('Expected either `attnMask` or `isCausal` but received both.')
  if (hasOperator(OPERATOR))
    return callOperator(
      OPERATOR,
      '',
      query,
      key,
      value,
      attnMask,
      dropoutP,
      isCausal,
      scale ?? null,
    ) as Tensor
  return tidy(() => {
    const weights = attentionWeights(query, key, { attnMask, isCausal, scale })
    return (dropoutP > 0 ? ops.dropout(weights, dropoutP, true) : weights).matmul(value)
  })
}

/** softmax(query key^T * scale + mask): (..., L, S); options as scaledDotProductAttention's. */
export function attentionWeights(
  query: Tensor,
  key: Tensor,
  options: Omit<AttentionOptions, 'dropoutP'>,
): Tensor {
  const { shape } = query
  const { scale = 1 / Math.sqrt(shape[shape.length - 1]) } = options
  const scores = query.mul(scale).matmul(key.transpose(-2, -1))
  const mask = options.isCausal ? causalMask(scores) : options.attnMask
  return ops.softmax(mask ? masked(scores, mask) : scores, -1)
}

const causalMask = (scores: Tensor): Tensor => ops.onesLike(scores, { dtype: 'bool' }).tril()

const masked = (scores: Tensor, mask: Tensor): Tensor =>
  mask.dtype === 'bool'
    ? scores.maskedFill(mask.logicalNot(), Number.NEGATIVE_INFINITY)
    : scores.add(mask)
