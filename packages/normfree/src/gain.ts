// Variance-preserving gains: gamma = 1 / sqrt(Var(f(z))), z ~ N(0, 1), by which a normalizer-free
// net multiplies every activation f so that unit variance comes out (NF-ResNets, section 4.3).
// Numbers only; no tensor is made here.
import { ACTIVATIONS, type ActivationName } from './activations.ts'

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
export interface ActivationMoments {
  /** E f(z) */
  mean: number
  /** Var f(z) */
  variance: number
  /** 1 / sqrt(Var f(z)) */
  gain: number
}

/**
 * Moments of f(z) for z ~ N(0, 1) by Gauss-Legendre quadrature over [-12, 12] in panels of 1/64, so
 * that kinks at multiples of 1/64 fall between panels: about 1e-12 for the functions of the table,
 * 1e-7 where a kink falls inside one.
 */
export function activationMoments(f: (x: number) => number): ActivationMoments {
  const mean = gaussianMean(f)
  const variance = gaussianMean(x => (f(x) - mean) ** 2)
  return { mean, variance, gain: 1 / Math.sqrt(variance) }
}

/** The moments of a named activation, null where one output mixes several inputs (glu, log_softmax). */
export function momentsOf(name: ActivationName): ActivationMoments | null {
  const { scalar } = ACTIVATIONS[name]
  return scalar && activationMoments(scalar)
}

const REACH = 12
const PANEL = 1 / 64
const NODES = legendre(16)

/** E f(z) for z ~ N(0, 1). */
function gaussianMean(f: (x: number) => number): number {
  let sum = 0
  for (let left = -REACH; left < REACH; left += PANEL)
    for (const [node, weight] of NODES) {
      const x = left + (PANEL * (node + 1)) / 2
      sum += weight * f(x) * Math.exp((-x * x) / 2)
    }
  return (sum * PANEL) / 2 / Math.sqrt(2 * Math.PI)
}

/** Nodes and weights of Gauss-Legendre quadrature on [-1, 1], by Newton's method. */
function legendre(order: number): [number, number][] {
  return Array.from({ length: order }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (order + 0.5))
    let slope = 1
    for (let step = 0; step < 100; step++) {
      let [previous, value] = [1, x]
      for (let k = 2; k <= order; k++)
        [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k]
      slope = (order * (x * value - previous)) / (x * x - 1)
      const change = value / slope
      x -= change
      if (Math.abs(change) < 1e-16) break
    }
    return [x, 2 / ((1 - x * x) * slope * slope)]
  })
}
