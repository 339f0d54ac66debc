// How far two variants lie apart, and how well that is known: paired over the seeds that both have
// (Student 1908), otherwise by Welch (1947), which lets the variants spread differently.
import { type Interval, meanInterval, studentInterval } from './interval.ts'
import { mean, type Spread, standardDeviation } from './spread.ts'

/** The difference between two variants. */
export interface Difference {
  /**
   * The mean over the common seeds of value less baseline; where they are too few, the mean less the
   * mean of the baseline.
   */
  estimate: number
  /** 95%; null where there are too few seeds to tell. */
  interval: Interval | null
  method: 'paired' | 'welch'
  /** Of Student's t; null without an interval. */
  degreesOfFreedom: number | null
  /** The seeds that both have. */
  commonSeeds: number
  /** What a reader must know of it: how few seeds there were. */
  note: string | null
}

/**
 * `variant` less `baseline`. Paired wherever they have two seeds in common, or one and no more to
 * go by: a seed gives both the same order of images and the same augmentation, and what these do to
 * both cancels. Runs that repeat a seed count as one, by their mean.
 */
export function differenceOf(variant: Spread, baseline: Spread): Difference {
  const own = bySeed(variant)
  const other = bySeed(baseline)
  const common = [...own.keys()].filter(seed => other.has(seed))
  const paired = common.length > 1 || (common.length === 1 && Math.min(own.size, other.size) === 1)
  if (paired) return pairedDifference(common.map(seed => own.get(seed)! - other.get(seed)!))
  return { ...welchDifference([...own.values()], [...other.values()]), commonSeeds: common.length }
}

function pairedDifference(differences: readonly number[]): Difference {
  const pairs = differences.length
  return {
    estimate: mean(differences),
    interval: meanInterval(differences),
    method: 'paired',
    degreesOfFreedom: pairs > 1 ? pairs - 1 : null,
    commonSeeds: pairs,
    note: noteOf(pairs),
  }
}

function welchDifference(
  a: readonly number[],
  b: readonly number[],
): Omit<Difference, 'commonSeeds'> {
  const estimate = mean(a) - mean(b)
  const [errorA, errorB] = [squaredError(a), squaredError(b)]
  const fewest = Math.min(a.length, b.length)
  if (errorA === null || errorB === null)
    return { estimate, interval: null, method: 'welch', degreesOfFreedom: null, note: noteOf(1) }
  const sum = errorA + errorB
  // Without any spread the formula is 0 / 0.
  const degreesOfFreedom =
    sum === 0
      ? fewest - 1
      : sum ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1))
  const interval = studentInterval(estimate, Math.sqrt(sum), degreesOfFreedom)
  return { estimate, interval, method: 'welch', degreesOfFreedom, note: noteOf(fewest) }
}

/** Of the mean. */
function squaredError(values: readonly number[]): number | null {
  const deviation = standardDeviation(values)
  return deviation === null ? null : deviation ** 2 / values.length
}

function noteOf(seeds: number): string | null {
  if (seeds === 1) return 'one seed: uncertainty unknown'
  return seeds === 2 ? 'two seeds: a wide and fragile interval' : null
}

function bySeed({ seeds, values }: Spread): Map<number, number> {
  return new Map(
    seeds.map(seed => [seed, mean(values.filter((_, index) => seeds[index] === seed))] as const),
  )
}
