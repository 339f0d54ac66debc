// Functions of torch.nn.functional whose operator has other names or codes than PyTorch's users know.
import { crossEntropyLoss } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'

export type Reduction = 'none' | 'mean' | 'sum'
const REDUCTIONS: readonly Reduction[] = ['none', 'mean', 'sum']

export interface CrossEntropyOptions {
  /** Weight of each class, shape (C). Default: all equal. */
  weight?: Tensor
  /** Default 'mean'. */
  reduction?: Reduction
  /** Label that counts for nothing. Default -100. */
  ignoreIndex?: number
  /** Share of the target spread evenly over the classes, 0 to 1. Default 0. */
  labelSmoothing?: number
}

/**
 * Cross-entropy of logits (N, C, ...) with labels (N, ...) of dtype int64, or with class
 * probabilities (N, C, ...).
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  const { weight = null, reduction = 'mean', ignoreIndex = -100, labelSmoothing = 0 } = options
  return crossEntropyLoss(
    input,
    target,
    weight,
    REDUCTIONS.indexOf(reduction),
    ignoreIndex,
    labelSmoothing,
  )
}
