// How much each column matters to a forest: permutation importance on the rows that a tree did not
// see, after Breiman (2001), "Random Forests", section 10.
import { type ForestOptions, growForest, predictOutOfBag } from './forest.ts'
import { drawFrom, shuffle } from './random.ts'
import { mean, standardDeviation } from './spread.ts'

/** What {@link permutationImportance} needs beside the data. */
export interface ImportanceOptions extends ForestOptions {
  /** Shuffles of each column. Default 20. */
  repeats?: number
}

/** What a forest knows of its target, and by which columns. */
export interface Importance {
  /**
   * 1 - (mean squared error out of bag) / (variance of the target): the share that the forest
   * predicts of rows it did not see. At or below 0 it knows no more than the mean does, and the
   * columns' figures mean nothing. 0 for a constant target.
   */
  r2: number
  /** For each column the loss of `r2` when its values are shuffled, over the shuffles. */
  columns: { mean: number; standardDeviation: number }[]
}

/** One row of each column is one observation of `target`; equal input gives equal output. */
export function permutationImportance(
  columns: readonly Float64Array[],
  target: Float64Array,
  options: ImportanceOptions = {},
): Importance {
  const { repeats = 20, seed = 0 } = options
  if (target.every(value => value === target[0]))
    return { r2: 0, columns: columns.map(() => ({ mean: 0, standardDeviation: 0 })) }
  const forest = growForest(columns, target, options)
  const draw = drawFrom(seed + 1)
  const r2 = r2Of(predictOutOfBag(forest, columns), target)
  const lossOf = (index: number) => {
    const shuffled = [...columns]
    shuffled[index] = columns[index]!.slice()
    shuffle(shuffled[index], draw)
    return r2 - r2Of(predictOutOfBag(forest, shuffled), target)
  }
  return {
    r2,
    columns: columns.map((_, index) => {
      const losses = Array.from({ length: repeats }, () => lossOf(index))
      return { mean: mean(losses), standardDeviation: standardDeviation(losses) ?? 0 }
    }),
  }
}

/** Over the rows that have a prediction: with few trees, each may have seen a row. */
function r2Of(predictions: Float64Array, target: Float64Array): number {
  const rows = [...predictions.keys()].filter(row => !Number.isNaN(predictions[row]))
  const center = mean(rows.map(row => target[row]!))
  const error = mean(rows.map(row => (target[row]! - predictions[row]!) ** 2))
  return 1 - error / mean(rows.map(row => (target[row]! - center) ** 2))
}
