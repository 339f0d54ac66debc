// How two columns of numbers go together. Pure functions.
import { mean } from './spread.ts'

/**
 * Pearson's linear correlation, -1..1; null where either column is constant or there are fewer than
 * three rows, which any line fits.
 */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 3) return null
  const [centerX, centerY] = [mean(x), mean(y)]
  let [xy, xx, yy] = [0, 0, 0]
  for (let row = 0; row < x.length; row++) {
    const [dx, dy] = [x[row]! - centerX, y[row]! - centerY]
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  if (isConstant(x) || isConstant(y)) return null
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

/** Spearman's correlation: Pearson's of the ranks, equal values sharing the mean of theirs. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return pearson(ranks(x), ranks(y))
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, row) => row).sort((a, b) => values[a]! - values[b]!)
  const result = new Array<number>(values.length)
  for (let first = 0; first < order.length; ) {
    let end = first + 1
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++
    for (const row of order.slice(first, end)) result[row] = (first + end + 1) / 2
    first = end
  }
  return result
}

const isConstant = (values: readonly number[]) => values.every(value => value === values[0])
