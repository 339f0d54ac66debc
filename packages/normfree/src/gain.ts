// Variance-preserving gains: gamma = 1 / sqrt(Var(f(z))), z ~ N(0, 1), by which a normalizer-free
// net multiplies every activation f so that unit variance comes out (NF-ResNets, section 4.3).
// Numbers only; no tensor is made here.
import { ACTIVATIONS, type ActivationName } from './activations.ts'
import { gaussianMoments, type Moments } from './gain/quadrature.ts'

/**
 * The constants that the trained models were built with (deepmind-research nfnets/base.py; timm
 * models/nfnet.py has the same digits). They are Monte-Carlo estimates, up to 1.2e-3 above the
 * exact value; weights made with them need these digits. mish and hard_swish stand in no table:
 * theirs are exact.
 */
export const GAMMA: Readonly<Record<ActivationName, number>> = {
  identity: 1.0,
  celu: 1.270926833152771,
  elu: 1.2716004848480225,
  gelu: 1.7015043497085571,
  gelu_tanh: 1.7015043497085571,
  glu: 1.8484294414520264,
  leaky_relu: 1.70590341091156,
  log_sigmoid: 1.9193484783172607,
  log_softmax: 1.0002083778381348,
  relu: 1.7139588594436646,
  relu6: 1.7131484746932983,
  selu: 1.0008515119552612,
  sigmoid: 4.803835391998291,
  silu: 1.7881293296813965,
  soft_sign: 2.338853120803833,
  softplus: 1.9203323125839233,
  tanh: 1.5939117670059204,
  mish: 1.5920253811,
  hard_swish: 1.813871474,
}

/** What an activation does to a standard normal input. */
export interface ActivationMoments extends Moments {
  /** 1 / sqrt(Var f(z)); infinite for a constant. */
  gain: number
}

/**
 * Moments of f(z) for z ~ N(0, 1) by adaptive quadrature: to 1e-9 for any piecewise smooth f, kinks
 * and jumps wherever they are. What is narrower than about 0.01 may be missed.
 *
 * @throws ArgumentError where f is not finite, and where its variance is not.
 */
export function activationMoments(f: (x: number) => number): ActivationMoments {
  const { mean, variance } = gaussianMoments(xs => xs.map(f))
  return { mean, variance, gain: 1 / Math.sqrt(variance) }
}

/** The moments of a named activation, null where one output mixes several inputs (glu, log_softmax). */
export function momentsOf(name: ActivationName): ActivationMoments | null {
  const { scalar } = ACTIVATIONS[name]
  return scalar && activationMoments(scalar)
}
