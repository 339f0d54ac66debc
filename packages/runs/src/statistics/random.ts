// Random numbers of our own, so that equal runs give equal statistics on any machine.

/** Whole numbers from 0 up to, not including, `bound`. */
export type Draw = (bound: number) => number

/** The generator xorshift32 of Marsaglia (2003), "Xorshift RNGs", from any seed. */
export function drawFrom(seed: number): Draw {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) | 0 || 1
  return bound => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.floor(((state >>> 0) / 2 ** 32) * bound)
  }
}

/** Shuffles in place (Fisher and Yates). */
export function shuffle(values: Float64Array, draw: Draw): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = draw(last + 1)
    const value = values[last]!
    values[last] = values[other]!
    values[other] = value
  }
}
