// The runs of a sweep in groups that have settings in common, with names to tell them by.
import type { RunRecord } from '../types.ts'
import { type Factor, partsOf } from './factors.ts'

/** More lines than this cannot be told apart. */
const MOST_LINES = 7

/** Runs that have settings in common, by their places among all. */
export interface Group {
  /** What only they have in common; empty where there is one group. */
  name: string
  members: number[]
}

/** The runs that differ in nothing but `factor`; where these would be too many groups, in one other. */
export function linesAlong(
  factor: Factor,
  factors: readonly Factor[],
  runs: readonly RunRecord[],
): { groups: Group[]; averaged: string[] } {
  const rows = factor.values.flatMap((value, row) => (value === null ? [] : row))
  const others = factors.filter(other => other !== factor && varies(other, rows))
  const groups = groupsOf(others, [factor], runs, rows)
  if (groups.length <= MOST_LINES) return { groups, averaged: [] }
  const kept = others
    .filter(({ values }) => new Set(rows.map(row => values[row])).size <= MOST_LINES)
    .slice(0, 1)
  return {
    groups: groupsOf(kept, others, runs, rows),
    averaged: others.filter(other => !kept.includes(other)).map(({ key }) => key),
  }
}

/** The runs of `rows` that have the same values of `factors`, named without the factors `varied`. */
export function groupsOf(
  factors: readonly Factor[],
  varied: readonly Factor[],
  runs: readonly RunRecord[],
  rows: readonly number[] = [...runs.keys()],
): Group[] {
  const parts = partsOf(factors)
  const byPart = new Map<string, number[]>()
  for (const row of rows) {
    const part = parts[row] ?? ''
    byPart.set(part, [...(byPart.get(part) ?? []), row])
  }
  const groups = [...byPart.values()]
  const names = groups.map(members => planName(members, varied, runs))
  const shared = commonParts(names)
  const differing = factors.filter(factor => varies(factor, rows))
  return groups.map((members, index) => ({
    name:
      names[index]!.filter(part => !shared.includes(part)).join(', ') ||
      labelOf(differing, members[0]!),
    members,
  }))
}

const varies = ({ values }: Factor, rows: readonly number[]) =>
  new Set(rows.map(row => values[row])).size > 1

/**
 * A plan calls its runs `agc, batchSize 64`: the parts of the name that are not of the factors
 * `varied`, where all members agree on them.
 */
function planName(
  members: readonly number[],
  varied: readonly Factor[],
  runs: readonly RunRecord[],
): string[] {
  const names = members.map(row => {
    const own = varied.map(({ key, values }) => `${key} ${values[row]}`)
    return runs[row]!.header.name.split(', ').filter(part => !own.includes(part))
  })
  return new Set(names.map(parts => parts.join(', '))).size === 1 ? names[0]! : []
}

/** What all names say is not worth saying of any. */
function commonParts([first = [], ...names]: readonly string[][]): string[] {
  return first.filter(part => names.every(parts => parts.includes(part)))
}

const labelOf = (factors: readonly Factor[], row: number) =>
  factors.map(({ key, values }) => `${key} ${values[row] ?? 'not set'}`).join(', ')
