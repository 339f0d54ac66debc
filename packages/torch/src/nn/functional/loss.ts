// Losses. Each takes the prediction, the target and its options; `reduction` makes one number of the
// elements' losses.
import { noGrad } from '../../autograd.ts'
import { ArgumentError, ShapeError } from '../../errors.ts'
import * as ops from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'

/** What becomes of the elements' losses: all of them, their mean, or their sum. */
export type Reduction = 'none' | 'mean' | 'sum'

/** The option that every loss has. */
export interface ReductionOptions {
  /** Default 'mean'. */
  reduction?: Reduction
}

const REDUCTIONS: readonly Reduction[] = ['none', 'mean', 'sum']

/** LibTorch's number for a reduction; throws ArgumentError when there is none of that name. */
export function reductionCode(reduction: Reduction = 'mean'): number {
  const code = REDUCTIONS.indexOf(reduction)
  if (code >= 0) return code
  throw new ArgumentError(
    `Expected none, mean or sum for \`reduction\` but received ${JSON.stringify(reduction)}.`,
  )
}

function reduce(losses: Tensor, reduction: Reduction | undefined): Tensor {
  const code = reductionCode(reduction)
  return code === 0 ? losses : code === 1 ? losses.mean() : losses.sum()
}

/** Options of {@link nllLoss}; C classes. */
export interface NllLossOptions extends ReductionOptions {
  /** Weight of each class, shape (C). Default: all equal. */
  weight?: Tensor | null
  /** Label that counts for nothing. Default -100. */
  ignoreIndex?: number
}

/** Options of {@link crossEntropy}; C classes. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target spread evenly over the classes, 0 to 1. Default 0. */
  labelSmoothing?: number
}

/**
 * Cross-entropy of logits (N, C, ...) with labels (N, ...) of dtype int64, or with class
 * probabilities (N, C, ...). 'mean' divides by the weights of the labels that count.
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  const { weight = null, reduction, ignoreIndex = -100, labelSmoothing = 0 } = options
  const code = reductionCode(reduction)
  return ops.crossEntropyLoss(input, target, weight, code, ignoreIndex, labelSmoothing)
}

/** -input of the label, for log probabilities (N, C, ...) and labels (N, ...) of dtype int64. */
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor {
  const { weight = null, reduction, ignoreIndex = -100 } = options
  return ops.nllLossNd(input, target, weight, reductionCode(reduction), ignoreIndex)
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** Multiplies the elements' losses, broadcast. Default: all 1. */
  weight?: Tensor | null
}

/**
 * -(t log p + (1 - t) log(1 - p)) of probabilities; logarithms are cut off at -100.
 *
 * @throws ShapeError when the shapes differ.
 */
export function binaryCrossEntropy(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  refuseOtherShape(input, target)
  const code = reductionCode(options.reduction)
  return tidy(() => {
    const weight = options.weight?.expand(target.shape) ?? null
    return ops.binaryCrossEntropy(input, target, weight, code)
  })
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** Multiplies the losses of positives, broadcast: one for each class. Default: all 1. */
  posWeight?: Tensor | null
}

/** binaryCrossEntropy of sigmoid(input), without its rounding. Throws ShapeError as it does. */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  refuseOtherShape(input, target)
  const { weight = null, posWeight = null, reduction } = options
  return ops.binaryCrossEntropyWithLogits(
    input,
    target,
    weight,
    posWeight,
    reductionCode(reduction),
  )
}

function refuseOtherShape(input: Tensor, target: Tensor): void {
  if (String(input.shape) !== String(target.shape))
    throw new ShapeError(
      `Expected a \`target\` of the input's shape [${input.shape.join(', ')}] but received [${target.shape.join(', ')}].`,
    )
}

/** (input - target)^2, broadcast. */
export const mseLoss = (input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor =>
  ops.mseLoss(input, target, reductionCode(options.reduction))

/** |input - target|, broadcast. */
export const l1Loss = (input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor =>
  ops.l1Loss(input, target, reductionCode(options.reduction))

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends ReductionOptions {
  /** Where squares turn into absolute values. Default 1. */
  delta?: number
}

/** e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) beyond (Huber, 1964). */
export const huberLoss = (input: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor =>
  ops.huberLoss(input, target, reductionCode(options.reduction), options.delta ?? 1)

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** Where squares turn into absolute values; 0 is l1Loss. Default 1. */
  beta?: number
}

/** e^2 / (2 beta) up to |e| = beta, |e| - beta / 2 beyond. */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  options: SmoothL1LossOptions = {},
): Tensor {
  const { beta = 1, reduction } = options
  if (beta === 0) return l1Loss(input, target, { reduction })
  return ops.smoothL1Loss(input, target, reductionCode(reduction), beta)
}

/** Options of {@link reverseHuberLoss}. */
export interface ReverseHuberLossOptions extends ReductionOptions {
  /** c as a share of the greatest error in the batch. Default 0.2. */
  threshold?: number
}

/**
 * Reverse Huber (berHu): |e| up to |e| = c, (e^2 + c^2) / (2 c) beyond, with c = threshold * max|e|
 * over the batch, a constant for the gradient (Laina et al., 2016, equation 1).
 */
export function reverseHuberLoss(
  input: Tensor,
  target: Tensor,
  options: ReverseHuberLossOptions = {},
): Tensor {
  const { threshold = 0.2, reduction } = options
  return tidy(() => {
    const error = input.sub(target).abs()
    // A batch without errors has c = 0; the smallest normal float32 keeps its gradient 0, not NaN.
    const c = noGrad(() =>
      error
        .amax()
        .mul(threshold)
        .clampMin(2 ** -126),
    )
    const beyond = error.square().add(c.square()).div(c.mul(2))
    return reduce(ops.where(error.le(c), error, beyond), reduction)
  })
}

/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** 'batchmean' divides the sum by N, which is the divergence of the mathematicians. Default 'mean'. */
  reduction?: Reduction | 'batchmean'
  /** The target holds log probabilities. Default false. */
  logTarget?: boolean
}

/** t (log t - input) for log probabilities `input` and probabilities t. */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const { reduction = 'mean', logTarget = false } = options
  if (reduction !== 'batchmean')
    return ops.klDiv(input, target, reductionCode(reduction), { logTarget })
  return tidy(() =>
    ops.klDiv(input, target, reductionCode('sum'), { logTarget }).div(input.shape[0]),
  )
}
