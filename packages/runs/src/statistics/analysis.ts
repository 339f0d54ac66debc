// What the score of a study depends on: correlation and importance of each of its factors.
import { statusOf } from '../status.ts'
import type { RunRecord } from '../types.ts'
import { pearson, spearman } from './correlation.ts'
import { type Factor, factorsOf, type Level, partsOf } from './factors.ts'
import { permutationImportance } from './importance.ts'

/** The score after the last epoch, of the best epoch, or of the averaged weights at the end. */
export type Score = 'testAccuracy' | 'bestTestAccuracy' | 'emaAccuracy'

const SCORES: readonly Score[] = ['testAccuracy', 'bestTestAccuracy', 'emaAccuracy']

/** What is known of one factor. */
export interface FactorEffect extends Pick<Factor, 'key' | 'aliases' | 'kind' | 'scale'> {
  /** Completed runs that have the setting; the correlations are over these. */
  runs: number
  /** With the score, of the logarithm where `scale` is `log`; null where there is no order. */
  pearson: number | null
  spearman: number | null
  /** The loss of out-of-bag R2 when the factor is shuffled; null where it is withheld. */
  importance: { mean: number; standardDeviation: number } | null
  note: string | null
}

/** Correlation and importance of every factor for one score. */
export interface FactorAnalysis {
  score: Score
  /** Completed runs, which the analysis is of. */
  runs: number
  /** Runs that did not complete. */
  leftOut: number
  /** Of the forest, out of bag; null where there were too few runs for one. */
  r2: number | null
  /** The most important first; without importances in the order of the configuration. */
  factors: FactorEffect[]
  notes: string[]
}

/** Fewer runs tell nothing of importance: a forest leaves a third of them out for each tree. */
const FEWEST_RUNS = 10

/** Fewer different settings are a comparison, which the table of variants makes better. */
const FEWEST_SETTINGS = 6

/** The score of a completed run; null of others, and where it was not recorded. */
export function scoreOf(run: RunRecord, score: Score = 'testAccuracy'): number | null {
  const last = run.epochs.at(-1)
  if (!last || statusOf(run) !== 'completed') return null
  const value =
    score === 'bestTestAccuracy'
      ? Math.max(...run.epochs.map(epoch => epoch.testAccuracy))
      : last[score]
  return value !== undefined && Number.isFinite(value) ? value : null
}

/** An analysis for every score that all completed runs recorded; none where no setting differs. */
export function analyzeFactors(runs: readonly RunRecord[]): FactorAnalysis[] {
  const completed = runs.filter(run => scoreOf(run) !== null)
  const { factors, derived } = factorsOf(completed)
  if (factors.length === 0) return []
  const notes = derived.map(
    ({ key, from }) => `${key} follows from ${from.join(' and ')} and is not a factor of its own`,
  )
  return SCORES.flatMap(score => {
    const scores = completed.flatMap(run => scoreOf(run, score) ?? [])
    if (scores.length < completed.length) return []
    return [analyze({ score, scores, factors, leftOut: runs.length - completed.length, notes })]
  })
}

interface Study {
  score: Score
  scores: readonly number[]
  factors: readonly Factor[]
  leftOut: number
  notes: readonly string[]
}

function analyze({ score, scores, factors, leftOut, notes }: Study): FactorAnalysis {
  const settings = new Set(partsOf(factors)).size
  const enough = scores.length >= FEWEST_RUNS && settings >= FEWEST_SETTINGS
  const forest = enough
    ? permutationImportance(factors.map(columnOf), Float64Array.from(scores))
    : null
  const isKnown = forest !== null && forest.r2 > 0
  const effects = factors.map((factor, index) => ({
    ...effectOf(factor, scores),
    importance: isKnown ? forest.columns[index]! : null,
  }))
  if (isKnown) effects.sort((a, b) => b.importance!.mean - a.importance!.mean)
  return {
    score,
    runs: scores.length,
    leftOut,
    r2: forest?.r2 ?? null,
    factors: effects,
    notes: [...notes, ...withheld(forest?.r2 ?? null, scores.length, settings)],
  }
}

function withheld(r2: number | null, runs: number, settings: number): string[] {
  if (r2 === null) {
    const [some, few] =
      runs < FEWEST_RUNS
        ? [`${runs} runs`, FEWEST_RUNS]
        : [`runs of ${settings} different settings`, FEWEST_SETTINGS]
    return [`importance is withheld: ${some} completed, and it needs ${few}`]
  }
  if (r2 > 0) return []
  return [
    `importance is withheld: the forest predicts unseen runs no better than their mean does (R2 ${r2.toFixed(2)})`,
  ]
}

function effectOf(factor: Factor, scores: readonly number[]): Omit<FactorEffect, 'importance'> {
  const { key, aliases, kind, scale, values } = factor
  const rows = values.flatMap((value, row) => (value === null ? [] : row))
  const column = columnOf(factor)
  const isOrdered = kind === 'number' || factor.levels.length === 2
  const x = rows.map(row => column[row]!)
  const y = rows.map(row => scores[row]!)
  return {
    key,
    aliases,
    kind,
    scale,
    runs: rows.length,
    pearson: isOrdered ? pearson(x, y) : null,
    spearman: isOrdered ? spearman(x, y) : null,
    note: noteOf(factor, values.length - rows.length),
  }
}

function noteOf({ kind, levels }: Factor, unset: number): string | null {
  const notes = [
    ...(unset > 0 ? [`not set in ${unset} runs, which the correlation leaves out`] : []),
    ...(kind !== 'number' && levels.length === 2 ? [`0 is ${levels[0]}, 1 is ${levels[1]}`] : []),
    ...(kind !== 'number' && levels.length > 2 ? ['names have no order to correlate with'] : []),
  ]
  return notes.length > 0 ? notes.join('; ') : null
}

/**
 * A factor as numbers: logarithms where its scale is such, places among the levels for names, and
 * a value below all others where it is not set, so that one split of a tree parts these runs.
 */
function columnOf({ kind, scale, values, levels }: Factor): Float64Array {
  const code = (level: Level) => {
    if (kind !== 'number') return levels.indexOf(level as Exclude<Level, null>)
    return scale === 'log' ? Math.log10(Number(level)) : Number(level)
  }
  const unset = code(levels[0]!) - 1
  return Float64Array.from(values, value => (value === null ? unset : code(value)))
}
