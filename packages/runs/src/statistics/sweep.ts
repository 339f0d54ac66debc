// A sweep laid out along its factors: what its curves and heat maps show. Pure functions.
import { statusOf } from '../status.ts'
import type { RunRecord } from '../types.ts'
import { scoreOf } from './analysis.ts'
import { type Factor, factorsOf, type Level } from './factors.ts'
import { groupsOf, linesAlong } from './groups.ts'
import { mean, type Spread, spreadOf } from './spread.ts'

/** The runs at one place of a sweep. */
export interface SweepPoint {
  /** The score after the last epoch; null where no run completed. */
  score: Spread | null
  /** Runs that diverged. */
  diverged: number
  /** Runs that were interrupted, killed, or are still going. */
  unfinished: number
}

/** The score along one factor. */
export interface SweepLine {
  /** What its runs have in common. */
  name: string
  /** By ascending value. */
  points: (SweepPoint & { value: number })[]
}

/** How the score depends on one numeric factor. */
export interface Sensitivity {
  factor: string
  scale: Factor['scale']
  lines: SweepLine[]
  /** Other factors over whose values each line is the mean. */
  averaged: string[]
}

/** Scores over two factors. */
export interface HeatMap {
  /** Along the horizontal axis. */
  x: string
  y: string
  xLevels: Level[]
  yLevels: Level[]
  /** One for each combination of all other factors; its name is empty where there are none. */
  panels: { name: string; cells: (SweepPoint & { x: number; y: number })[] }[]
}

/** How many steps it took to reach a score, over the batch size. */
export interface StepsToScore {
  /** A fraction 0..1. */
  score: number
  lines: StepsLine[]
}

/** One line of {@link StepsToScore}. */
export interface StepsLine {
  name: string
  /** Means over the runs that reached the score. */
  points: StepsPoint[]
}

/** One batch size. */
export interface StepsPoint {
  batchSize: number
  /** At the last evaluation below the score: 0 where the first was above it. */
  after: number
  /** At the first evaluation at or above the score. */
  by: number
  reached: number
  runs: number
}

/** More than this cannot be told apart. */
const MOST_PANELS = 6
const MOST_CELLS = 150

/** A curve for every numeric factor that has three values or more along some line. */
export function sensitivities(runs: readonly RunRecord[]): Sensitivity[] {
  const { factors } = factorsOf(runs)
  return (
    factors
      .filter(({ kind, levels }) => kind === 'number' && levels.length > 2)
      .map(factor => {
        const { groups, averaged } = linesAlong(factor, factors, runs)
        const lines = groups.map(({ name, members }) => ({
          name,
          points: pointsOf(members, factor, runs),
        }))
        return { factor: factor.key, scale: factor.scale, lines, averaged }
      })
      .filter(({ lines }) => lines.some(({ points }) => points.length > 2))
      // Of a random search such a line is no mean: it goes from run to run.
      .filter(({ lines, averaged }) => averaged.length === 0 || lines.every(isOfMeans))
  )
}

/**
 * The two factors with the most values, numbers first; null where there are not two, where fewer
 * than six places of the map are run or than half of them, or where other factors would make more than
 * six maps.
 */
export function heatMapOf(runs: readonly RunRecord[]): HeatMap | null {
  const { factors } = factorsOf(runs)
  const [x, y, ...others] = factors.toSorted(
    (a, b) =>
      Number(b.kind === 'number') - Number(a.kind === 'number') ||
      b.levels.length - a.levels.length,
  )
  if (!x || !y || x.levels.length < 3) return null
  const panels = groupsOf(others, [x, y], runs).map(({ name, members }) => ({
    name,
    cells: cellsOf(members, x, y, runs),
  }))
  const cells = panels.reduce((sum, panel) => sum + panel.cells.length, 0)
  const places = x.levels.length * y.levels.length * panels.length
  if (panels.length > MOST_PANELS || places > MOST_CELLS || cells < Math.max(6, places / 2))
    return null
  return { x: x.key, y: y.key, xLevels: levelsOf(x), yLevels: levelsOf(y), panels }
}

/**
 * The steps to the highest multiple of 5 points that half of the runs reached at every batch size;
 * null for fewer than three batch sizes, and where that is 0. Between two evaluations nothing is
 * known: a range is given.
 */
export function stepsToScore(runs: readonly RunRecord[]): StepsToScore | null {
  const { factors } = factorsOf(runs)
  const batch = factors.find(({ key, aliases }) => [key, ...aliases].includes('batchSize'))
  if (!batch || batch.levels.length < 3 || batch.kind !== 'number') return null
  const rowsAt = (level: Level) => rowsWhere(batch.values, level)
  const medians = batch.levels.map(level =>
    upperMedian(rowsAt(level).map(row => bestOf(runs[row]!))),
  )
  const score = Math.floor(Math.min(...medians) * 20 + 1e-9) / 20
  if (!(score > 0)) return null
  const { groups } = linesAlong(batch, factors, runs)
  return {
    score,
    lines: groups
      .map(({ name, members }) => ({ name, points: stepsOf(members, batch, runs, score) }))
      .filter(({ points }) => points.length > 0),
  }
}

function isOfMeans({ points }: SweepLine): boolean {
  const runs = points.map(({ score, diverged, unfinished }) => {
    return (score?.values.length ?? 0) + diverged + unfinished
  })
  return mean(runs) >= 2
}

function pointsOf(
  members: readonly number[],
  factor: Factor,
  runs: readonly RunRecord[],
): SweepLine['points'] {
  return factor.levels.flatMap(level => {
    const here = members.filter(row => factor.values[row] === level).map(row => runs[row]!)
    return here.length > 0 ? [{ value: Number(level), ...pointOf(here) }] : []
  })
}

function cellsOf(
  members: readonly number[],
  x: Factor,
  y: Factor,
  runs: readonly RunRecord[],
): HeatMap['panels'][number]['cells'] {
  return levelsOf(x).flatMap((atX, column) =>
    levelsOf(y).flatMap((atY, line) => {
      const here = members.filter(row => x.values[row] === atX && y.values[row] === atY)
      return here.length > 0
        ? [{ x: column, y: line, ...pointOf(here.map(row => runs[row]!)) }]
        : []
    }),
  )
}

function pointOf(runs: readonly RunRecord[]): SweepPoint {
  const scored = runs.filter(run => scoreOf(run) !== null)
  const diverged = runs.filter(run => statusOf(run) === 'diverged').length
  return {
    score:
      scored.length > 0
        ? spreadOf(
            scored.map(run => scoreOf(run)!),
            scored.map(run => run.header.seed),
          )
        : null,
    diverged,
    unfinished: runs.length - scored.length - diverged,
  }
}

function stepsOf(
  members: readonly number[],
  batch: Factor,
  runs: readonly RunRecord[],
  score: number,
): StepsPoint[] {
  return batch.levels.flatMap(level => {
    const here = members.filter(row => batch.values[row] === level).map(row => runs[row]!)
    const found = here.flatMap(run => crossingOf(run, score) ?? [])
    if (found.length === 0) return []
    const after = mean(found.map(range => range.after))
    const by = mean(found.map(range => range.by))
    // An alias may stand for the batch size: its own value is in the configuration.
    const batchSize = Number(here[0]!.header.config.batchSize)
    return [{ batchSize, after, by, reached: found.length, runs: here.length }]
  })
}

function crossingOf({ epochs }: RunRecord, score: number): { after: number; by: number } | null {
  const index = epochs.findIndex(epoch => epoch.testAccuracy >= score)
  if (index < 0) return null
  return { after: epochs[index - 1]?.step ?? 0, by: epochs[index]!.step }
}

const bestOf = ({ epochs }: RunRecord) =>
  Math.max(0, ...epochs.map(epoch => epoch.testAccuracy).filter(Number.isFinite))

/** What half of the values reach. */
const upperMedian = (values: readonly number[]) =>
  values.toSorted((a, b) => b - a)[Math.ceil(values.length / 2) - 1]!

/** Where some runs do not have a setting, that is a level too. */
const levelsOf = ({ levels, values }: Factor): Level[] =>
  values.includes(null) ? [...levels, null] : levels

const rowsWhere = (values: readonly Level[], level: Level) =>
  values.flatMap((value, row) => (value === level ? row : []))
