// Levels of a signal at the places that the expectations name: first, second, middle and last block.
import type { SignalRecord, SignalTap } from '@normfree/runs'

/** What is read off a tap. */
export type Statistic = 'channelSquaredMean' | 'channelVariance' | 'residualVariance'

/** Values of one statistic: `of[stage][block]`. */
export type StageValues = readonly (readonly number[])[]

/** The values of every stage, without the stem. */
export function stageValues({ taps }: SignalRecord, statistic: Statistic): StageValues {
  const stages: number[][] = []
  for (const tap of taps)
    if (tap.block >= 0) valuesOf(stages, tap).push(tap[statistic] ?? Number.NaN)
  return stages
}

function valuesOf(stages: number[][], { stage }: SignalTap): number[] {
  stages[stage] ??= []
  return stages[stage]
}

/** First, second, middle and last block of a stage. */
export const along = (stage: readonly number[]): number[] =>
  [0, 1, Math.floor(stage.length / 2), stage.length - 1].map(i => stage[i] as number)

/** The first block of every stage. */
export const firsts = (stages: StageValues): number[] => stages.map(stage => stage[0] as number)

/** The last block of every stage. */
export const lasts = (stages: StageValues): number[] => stages.map(stage => stage.at(-1) as number)

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** The mean of every stage. */
export const means = (stages: StageValues): number[] => stages.map(mean)

/** Growth from block to block, the mean of every stage. */
export const growths = (stages: StageValues): number[] =>
  stages.map(stage => ((stage.at(-1) as number) - (stage[0] as number)) / (stage.length - 1))

/** Smallest and largest of all. */
export function extremes(stages: StageValues): [number, number] {
  const values = stages.flat()
  return [Math.min(...values), Math.max(...values)]
}

/** Pearson's correlation of two lists of one length. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)]
  const sum = (of: (i: number) => number) => x.reduce((total, _, i) => total + of(i), 0)
  const [dx, dy] = [(i: number) => (x[i] as number) - mx, (i: number) => (y[i] as number) - my]
  return sum(i => dx(i) * dy(i)) / Math.sqrt(sum(i => dx(i) ** 2) * sum(i => dy(i) ** 2))
}
