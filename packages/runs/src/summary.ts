// Runs that differ only in their seed, put together: means and spreads. Pure functions, no I/O.
import type { EndLine, EpochLine, RunRecord } from './types.ts'

/** How a run stands; `unfinished` is a run that was killed or is still going. */
export type RunStatus = EndLine['status'] | 'unfinished'

/** A number measured once per seed. */
export interface Spread {
  mean: number
  /** The sample standard deviation (n - 1); null for a single value. */
  standardDeviation: number | null
  /** In the order of the runs. */
  values: number[]
}

/**
 * All runs of one name.
 *
 * The spreads are over its completed runs (null where none completed): a run that diverged has no
 * final accuracy. `statuses` says how many were left out, and must be shown beside them.
 */
export interface VariantSummary {
  name: string
  /** Of all runs, in their order. */
  seeds: number[]
  statuses: Record<RunStatus, number>
  /** What the runs that did not complete said, without repeats. */
  messages: string[]
  parameters: number
  /** After the last epoch, a fraction 0..1. */
  testAccuracy: Spread | null
  /** Of the best epoch by test accuracy: chosen on the test set, so optimistic. */
  bestTestAccuracy: Spread | null
  trainAccuracy: Spread | null
  trainLoss: Spread | null
  testLoss: Spread | null
  /** The median epoch of each run: the first one pays for warming up. */
  imagesPerSecond: Spread | null
}

/** Groups runs by name, in order of first appearance, and summarizes each group. */
export function summarize(runs: readonly RunRecord[]): VariantSummary[] {
  const names = new Set(runs.map(run => run.header.name))
  return [...names].map(name =>
    summarizeVariant(
      name,
      runs.filter(run => run.header.name === name),
    ),
  )
}

/** The status of one run. */
export function statusOf(run: RunRecord): RunStatus {
  return run.end?.status ?? 'unfinished'
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

function summarizeVariant(name: string, runs: RunRecord[]): VariantSummary {
  const completed = runs.filter(run => statusOf(run) === 'completed' && run.epochs.length > 0)
  const spread = (measure: (epochs: EpochLine[]) => number) =>
    completed.length > 0 ? spreadOf(completed.map(run => measure(run.epochs))) : null
  return {
    name,
    seeds: runs.map(run => run.header.seed),
    statuses: countStatuses(runs),
    messages: [...new Set(runs.flatMap(run => run.end?.message ?? []))],
    parameters: runs[0]!.header.model.parameters,
    testAccuracy: spread(epochs => epochs.at(-1)!.testAccuracy),
    bestTestAccuracy: spread(epochs => Math.max(...epochs.map(epoch => epoch.testAccuracy))),
    trainAccuracy: spread(epochs => epochs.at(-1)!.trainAccuracy),
    trainLoss: spread(epochs => epochs.at(-1)!.trainLoss),
    testLoss: spread(epochs => epochs.at(-1)!.testLoss),
    imagesPerSecond: spread(epochs => median(epochs.map(epoch => epoch.imagesPerSecond))),
  }
}

function countStatuses(runs: RunRecord[]): Record<RunStatus, number> {
  const counts = { completed: 0, diverged: 0, interrupted: 0, unfinished: 0 }
  for (const run of runs) counts[statusOf(run)] += 1
  return counts
}

function spreadOf(values: number[]): Spread {
  return { mean: mean(values), standardDeviation: standardDeviation(values), values }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : mean(sorted.slice(middle - 1, middle + 1))
}
