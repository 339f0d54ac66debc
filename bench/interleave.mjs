// Side-by-side timing on a noisy machine: rounds of A then B, the ratio taken within each round.

/** Times `rounds` pairs of `units` each, after one warm-up pair; order alternates. */
export async function interleave(a, b, { rounds, units }) {
  await a.run(units)
  await b.run(units)
  const pairs = []
  for (let i = 0; i < rounds; i++) {
    const first = i % 2 === 0 ? a : b
    const second = first === a ? b : a
    const times = new Map([[first, await first.run(units)]])
    times.set(second, await second.run(units))
    pairs.push({ a: times.get(a), b: times.get(b) })
  }
  return pairs
}

/** Median and quartiles. */
export function spread(values) {
  const sorted = [...values].sort((x, y) => x - y)
  const at = q => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** `1.23 (1.20 to 1.30)`: a spread with so many digits. */
export const spreadText = ({ median, low, high }, digits) =>
  `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
