// The moving averages that Adam and everything after it step by.
import type { Tensor } from '../tensor.ts'
import {
  add_,
  addProduct_,
  addScalar_,
  divide_,
  maximum_,
  multiply_,
  squareRoot,
} from './foreach.ts'
import { advance, buffers, checkDecay } from './optimizer.ts'
import type { ParamState } from './state-dict.ts'

/** Decays of the averages of gradients and of their squares. */
export type Betas = [number, number]

export interface MomentOptions {
  betas: Readonly<Betas>
  /** Added to the denominator. */
  eps: number
  /** Divide by the largest average of squares so far. Default false. */
  amsgrad?: boolean
  /** Make up for averages that start at zero. Default true. */
  biasCorrection?: boolean
  /** Weight of a new gradient in its average. Default 1 - betas[0]. */
  gradientWeight?: number
}

export interface Moments {
  /** m = b1 m + (1 - b1) g, the optimizer's own tensors: do not change them. */
  averages: Tensor[]
  /** sqrt(v / (1 - b2^t)) + eps, which are the caller's to change. */
  denominators: Tensor[]
  /** 1 - b1^t of each parameter, by which m is divided. */
  corrections: number[]
}

/** Takes `gradients` into the averages of `params`, and gives what the step is made of. */
export function advanceMoments(
  state: Map<Tensor, ParamState>,
  params: readonly Tensor[],
  gradients: readonly Tensor[],
  options: MomentOptions,
): Moments {
  const { eps, amsgrad = false, biasCorrection = true } = options
  const [beta1, beta2] = options.betas
  const steps = advance(state, params)
  const averages = buffers(state, params, 'exp_avg')
  const squares = buffers(state, params, 'exp_avg_sq')
  multiply_(averages, beta1)
  add_(averages, gradients, options.gradientWeight ?? 1 - beta1)
  multiply_(squares, beta2)
  addProduct_(squares, gradients, gradients, 1 - beta2)
  const denominators = squareRoot(amsgrad ? largest(state, params, squares) : squares)
  if (biasCorrection)
    divide_(
      denominators,
      steps.map(step => Math.sqrt(1 - beta2 ** step)),
    )
  addScalar_(denominators, eps)
  return {
    averages,
    denominators,
    corrections: steps.map(step => (biasCorrection ? 1 - beta1 ** step : 1)),
  }
}

function largest(
  state: Map<Tensor, ParamState>,
  params: readonly Tensor[],
  squares: readonly Tensor[],
): Tensor[] {
  const result = buffers(state, params, 'max_exp_avg_sq')
  maximum_(result, squares)
  return result
}

/** @throws ArgumentError unless both are >= 0 and < 1. */
export function checkBetas([beta1, beta2]: Readonly<Betas>): void {
  checkDecay('betas[0]', beta1)
  checkDecay('betas[1]', beta2)
}
