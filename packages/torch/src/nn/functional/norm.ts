// Normalisations in the argument order of torch.nn.functional, which is not that of the operators.
import { ShapeError } from '../../errors.ts'
import * as ops from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'

/** What batch and instance norms take beside running statistics; C channels. */
export interface NormOptions {
  /** Multiplies each channel, shape (C). Default: none. */
  weight?: Tensor | null
  /** Added to each channel, shape (C). Default: none. */
  bias?: Tensor | null
  /** Share of the new statistics in the running ones. Default 0.1. */
  momentum?: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
}

/** Options of {@link batchNorm}. */
export interface BatchNormFunctionOptions extends NormOptions {
  /** Normalise by the batch and update the running statistics. Default false. */
  training?: boolean
}

/**
 * (x - mean) / sqrt(var + eps) * weight + bias per channel of (N, C, ...): by the batch in training,
 * by the running statistics (C) otherwise (Ioffe and Szegedy, 2015).
 *
 * @throws ShapeError in training when there is one value per channel, which has no variance.
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormFunctionOptions = {},
): Tensor {
  const { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = options
  if (training) refuseSingleValue(input, [0, ...spatial(input)], 'value per channel')
  return ops.batchNorm(input, weight, bias, runningMean, runningVar, training, momentum, eps, true)
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormFunctionOptions extends NormOptions {
  /** Normalise by the input, not by running statistics. Default true. */
  useInputStats?: boolean
}

/**
 * batchNorm of every sample of (N, C, ...) by itself (Ulyanov et al., 2016).
 *
 * @throws ShapeError when statistics are taken from one spatial element.
 */
export function instanceNorm(
  input: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  options: InstanceNormFunctionOptions = {},
): Tensor {
  const { weight = null, bias = null, useInputStats = true, momentum = 0.1, eps = 1e-5 } = options
  if (useInputStats) refuseSingleValue(input, spatial(input), 'spatial element')
  return ops.instanceNorm(
    input,
    weight,
    bias,
    runningMean,
    runningVar,
    useInputStats,
    momentum,
    eps,
    true,
  )
}

const spatial = (input: Tensor): number[] => input.shape.slice(2).map((_, i) => i + 2)

function refuseSingleValue(input: Tensor, dims: number[], what: string): void {
  const { shape } = input
  if (dims.reduce((product, dim) => product * shape[dim], 1) !== 1) return
  throw new ShapeError(
    `Expected more than one ${what} to take statistics from but received [${shape.join(', ')}].`,
  )
}

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** Order of the norm. Default 2. */
  p?: number
  /** Default 1. */
  dim?: number
  /** Least norm to divide by. Default 1e-12. */
  eps?: number
}

/** x / max(|x|_p, eps) along `dim`, any shape. */
export function normalize(input: Tensor, options: NormalizeOptions = {}): Tensor {
  const { p = 2, dim = 1, eps = 1e-12 } = options
  return tidy(() => input.div(input.norm(p, [dim], true).clampMin(eps)))
}
