// Numbers that are not uniform, from a stream of uniform ones.
import type { Rng } from './rng.ts'

/** A standard normal number (Box and Muller 1958). */
export function normal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.uniform()))
  return radius * Math.cos(2 * Math.PI * rng.uniform())
}

/**
 * The logarithm of a number of the gamma distribution of shape `shape` and scale 1 (Marsaglia and Tsang
 * 2000, with their step from shape + 1); in logarithms a small shape cannot underflow.
 */
function logGamma(shape: number, rng: Rng): number {
  if (shape < 1) return logGamma(shape + 1, rng) + Math.log(1 - rng.uniform()) / shape
  const d = shape - 1 / 3
  for (;;) {
    const x = normal(rng)
    const v = (1 + x / Math.sqrt(9 * d)) ** 3
    if (v <= 0) continue
    const u = Math.log(1 - rng.uniform())
    if (u < (x * x) / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v)
  }
}

/** A number in [0, 1] of the symmetric beta distribution of both parameters `alpha` > 0. */
export function beta(alpha: number, rng: Rng): number {
  const [a, b] = [logGamma(alpha, rng), logGamma(alpha, rng)]
  return 1 / (1 + Math.exp(b - a))
}
