// A number that was measured once per seed: its mean and its deviation. Pure functions.

/** A number measured once per seed. */
export interface Spread {
  mean: number
  /** The sample standard deviation (n - 1); null for a single value. */
  standardDeviation: number | null
  /** The seed of each value. */
  seeds: number[]
  /** In the order of the runs. */
  values: number[]
}

/** The spread of `values`, which belong to `seeds` one by one; NaN as mean of nothing. */
export function spreadOf(values: readonly number[], seeds: readonly number[]): Spread {
  return {
    mean: mean(values),
    standardDeviation: standardDeviation(values),
    seeds: [...seeds],
    values: [...values],
  }
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The sample standard deviation (n - 1); null for fewer than two values. */
export function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null
  const center = mean(values)
  const squares = values.map(value => (value - center) ** 2)
  return Math.sqrt(mean(squares) * (values.length / (values.length - 1)))
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : mean(sorted.slice(middle - 1, middle + 1))
}
