// The factors of a study: the settings in which its runs differ. Pure functions.
import type { Json, RunConfigJson, RunRecord } from '../types.ts'
import { spearman } from './correlation.ts'

/** A value of a factor; null where a run's configuration does not have the setting. */
export type Level = number | boolean | string | null

/** A setting in which runs differ. */
export interface Factor {
  /** Dotted, e.g. "optimizer.lr". */
  key: string
  /** Further settings that have one value for each of its values, and so cannot be told from it. */
  aliases: string[]
  /** `name` is text, or anything else that has no order. */
  kind: 'number' | 'flag' | 'name'
  /** `log` for numbers above 0 that span a decade, or at least double from each to the next. */
  scale: 'linear' | 'log'
  /** One for each run. */
  values: Level[]
  /** All values but null: numbers ascending, others in order of appearance. */
  levels: Exclude<Level, null>[]
}

/** What {@link factorsOf} finds. */
export interface Factors {
  factors: Factor[]
  /** Settings that follow from one other or two, and are no factors of their own. */
  derived: { key: string; from: string[] }[]
}

/** The settings in which `runs` differ, the seed excepted, in the order of the configuration. */
export function factorsOf(runs: readonly RunRecord[]): Factors {
  const configs = runs.map(run => flattenConfig(run.header.config))
  const keys = new Set(configs.flatMap(config => [...config.keys()]))
  keys.delete('seed')
  const varying = [...keys]
    .map(key =>
      factorOf(
        key,
        configs.map(config => config.get(key) ?? null),
      ),
    )
    .filter(({ values }) => new Set(values).size > 1)
  const settings = new Set(partsOf(varying)).size
  return withoutDerived(mergeAliases(varying, settings), settings)
}

/** A configuration with dotted keys; lists are text. `{ optimizer: { lr: 0.1 } }` is `optimizer.lr`. */
export function flattenConfig(config: RunConfigJson, prefix = ''): Map<string, Level> {
  return new Map(
    Object.entries(config).flatMap(([key, value]): [string, Level][] =>
      isGroup(value)
        ? [...flattenConfig(value, `${prefix}${key}.`)]
        : [[`${prefix}${key}`, Array.isArray(value) ? JSON.stringify(value) : value]],
    ),
  )
}

function factorOf(key: string, values: Level[]): Factor {
  const present = [...new Set(values)].filter(value => value !== null)
  const isNumber = present.every(value => typeof value === 'number')
  const levels = isNumber ? present.sort((a, b) => Number(a) - Number(b)) : present
  const isFlag = present.every(value => typeof value === 'boolean')
  return {
    key,
    aliases: [],
    kind: isNumber ? 'number' : isFlag ? 'flag' : 'name',
    scale: isNumber && isWide(levels as number[]) ? 'log' : 'linear',
    values,
    levels,
  }
}

function isWide(levels: readonly number[]): boolean {
  const [first, last] = [levels[0]!, levels.at(-1)!]
  const doubles = levels.every((level, index) => index === 0 || level >= 2 * levels[index - 1]!)
  return first > 0 && (last >= 10 * first || (doubles && levels.length > 2))
}

/**
 * Settings that part the runs alike are one factor, named by the first. So do any two numbers of a
 * random search, which are new each time: of many values, they must rise or fall together too.
 */
function mergeAliases(factors: readonly Factor[], settings: number): Factor[] {
  const merged: Factor[] = []
  for (const factor of factors) {
    const parts = partsOf([factor]).join()
    const first = merged.findIndex(
      other =>
        partsOf([other]).join() === parts && (recurs(factor, settings) || risesWith(factor, other)),
    )
    if (first < 0) merged.push(factor)
    else merged[first] = { ...merged[first]!, aliases: [...merged[first]!.aliases, factor.key] }
  }
  return merged
}

function risesWith(a: Factor, b: Factor): boolean {
  const [x, y] = [a, b].map(({ values }) => values.map(Number))
  return Math.abs(spearman(x!, y!) ?? 0) > 1 - 1e-9
}

/** More values than this are many. */
const FEW = 5

/** Whether values are few, or come back in two of the different settings of a study on average. */
function recurs({ values }: Factor, settings: number): boolean {
  const count = new Set(values).size
  return count <= FEW || 2 * count <= settings
}

/**
 * Takes out what is a function of an earlier factor or two, as a learning rate that is set for each
 * model and batch size. The values of a random search would explain all others: only those that come
 * back count as explanations.
 */
function withoutDerived(factors: readonly Factor[], settings: number): Factors {
  const kept: Factor[] = []
  const derived: Factors['derived'] = []
  for (const factor of factors) {
    const known = kept.filter(other => recurs(other, settings))
    const from = [...known.map(one => [one]), ...pairs(known)].find(some =>
      isFunctionOf(factor, some),
    )
    if (from) derived.push({ key: factor.key, from: from.map(({ key }) => key) })
    else kept.push(factor)
  }
  return { factors: kept, derived }
}

function isFunctionOf(factor: Factor, others: readonly Factor[]): boolean {
  const cells = new Set(partsOf(others))
  return new Set(partsOf([...others, factor])).size === cells.size
}

/** For each run a text that it shares with the runs that have the same values of all `factors`. */
export function partsOf(factors: readonly Factor[]): string[] {
  const codes = factors.map(({ values }) => {
    const distinct = [...new Set(values)]
    return values.map(value => distinct.indexOf(value))
  })
  const runs = factors[0]?.values.length ?? 0
  return Array.from({ length: runs }, (_, run) => codes.map(code => code[run]).join('/'))
}

const pairs = <T>(items: readonly T[]): T[][] =>
  items.flatMap((a, index) => items.slice(index + 1).map(b => [a, b]))

function isGroup(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
