// Runs that differ only in their seed, put together: means and spreads. Pure functions, no I/O.

import { type Difference, differenceOf } from './statistics/difference.ts'
import { median, type Spread, spreadOf } from './statistics/spread.ts'
import { type RunStatus, statusOf } from './status.ts'
import type { EpochLine, RunRecord } from './types.ts'

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
  /** Of {@link testAccuracy} to the baseline's; null for the baseline, and where either has none. */
  difference: Difference | null
  /** Of the best epoch by test accuracy: chosen on the test set, so optimistic. */
  bestTestAccuracy: Spread | null
  /** Of the averaged weights after the last epoch; null too where runs kept no average. */
  emaAccuracy: Spread | null
  trainAccuracy: Spread | null
  trainLoss: Spread | null
  testLoss: Spread | null
  /** The median epoch of each run: the first one pays for warming up. */
  imagesPerSecond: Spread | null
}

/**
 * Groups runs by name, in order of first appearance, summarizes each group, and compares it with the
 * one that is called `baseline`. Default: the first.
 */
export function summarize(runs: readonly RunRecord[], baseline?: string): VariantSummary[] {
  const names = new Set(runs.map(run => run.header.name))
  const variants = [...names].map(name =>
    summarizeVariant(
      name,
      runs.filter(run => run.header.name === name),
    ),
  )
  const reference = variants.find(({ name }) => name === (baseline ?? variants[0]!.name))
  return variants.map(variant => ({ ...variant, difference: differenceTo(reference, variant) }))
}

function differenceTo(
  reference: VariantSummary | undefined,
  variant: VariantSummary,
): Difference | null {
  if (!reference?.testAccuracy || !variant.testAccuracy || variant === reference) return null
  return differenceOf(variant.testAccuracy, reference.testAccuracy)
}

function summarizeVariant(name: string, runs: RunRecord[]): VariantSummary {
  const completed = runs.filter(run => statusOf(run) === 'completed' && run.epochs.length > 0)
  const seeds = completed.map(run => run.header.seed)
  const spread = (measure: (epochs: EpochLine[]) => number | undefined): Spread | null => {
    const values = completed.flatMap(run => measure(run.epochs) ?? [])
    return values.length > 0 && values.length === seeds.length ? spreadOf(values, seeds) : null
  }
  return {
    name,
    seeds: runs.map(run => run.header.seed),
    statuses: countStatuses(runs),
    messages: [...new Set(runs.flatMap(run => run.end?.message ?? []))],
    parameters: runs[0]!.header.model.parameters,
    testAccuracy: spread(epochs => epochs.at(-1)!.testAccuracy),
    difference: null,
    bestTestAccuracy: spread(epochs => Math.max(...epochs.map(epoch => epoch.testAccuracy))),
    emaAccuracy: spread(epochs => epochs.at(-1)!.emaAccuracy),
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
