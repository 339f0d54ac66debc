// Intervals of Student (1908), "The Probable Error of a Mean": what a few seeds let say of a mean.
import jStat from 'jstat'
import { mean, standardDeviation } from './spread.ts'

/** The probability with which an interval holds what it is for. */
const CONFIDENCE = 0.95

/** A range that holds a true value with a probability of 95%. */
export interface Interval {
  low: number
  high: number
}

/** `center` ± as many standard errors as Student's t has it for the degrees of freedom. */
export function studentInterval(
  center: number,
  standardError: number,
  degreesOfFreedom: number,
): Interval {
  const reach = jStat.studentt.inv((1 + CONFIDENCE) / 2, degreesOfFreedom) * standardError
  return { low: center - reach, high: center + reach }
}

/**
 * The interval of the mean of independent, normally distributed values, with n - 1 degrees of
 * freedom; null for fewer than two values, which tell nothing of their spread.
 */
export function meanInterval(values: readonly number[]): Interval | null {
  const deviation = standardDeviation(values)
  if (deviation === null) return null
  return studentInterval(mean(values), deviation / Math.sqrt(values.length), values.length - 1)
}
