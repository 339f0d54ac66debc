// The conditions of a plan (`when`, `exclude`): settings that a variant must have, all of them.
import type { ConfigIssue } from './errors.ts'
import { resolve } from './resolve.ts'
import { at, leafPaths, type Sourced, toPlain } from './sourced.ts'

/** The conditions of one plan. They remember whether any variant met them: one that none does is a slip. */
export class Conditions {
  /** By the key of the grid that varies only where its condition holds. */
  readonly when: ReadonlyMap<string, Sourced>
  private readonly excluded: readonly Sourced[]
  private readonly met = new Set<Sourced>()

  constructor(when: ReadonlyMap<string, Sourced>, excluded: readonly Sourced[]) {
    this.when = when
    this.excluded = excluded
  }

  /** Whether settings have all those of `condition`; its `name` stands for the name of the run. */
  hold(condition: Sourced, settings: Sourced, runName: string | undefined): boolean {
    const actual = completed(settings)
    const result = leafPaths(condition).every(path => {
      const expected = JSON.stringify(toPlain(at(condition, path)!))
      const isName = path.length === 1 && path[0] === 'name'
      return expected === JSON.stringify(isName ? runName : valueAt(actual, path))
    })
    if (result) this.met.add(condition)
    return result
  }

  /** Whether an entry of `exclude` holds. */
  exclude(settings: Sourced, runName: string | undefined): boolean {
    return this.excluded.filter(entry => this.hold(entry, settings, runName)).length > 0
  }

  /** What is wrong with the conditions once all variants were made out of the grid's keys. */
  issues(varied: readonly string[]): ConfigIssue[] {
    const conditions = [
      ...[...this.when].map(([key, condition]) => ({ key: `when.${key}`, condition })),
      ...this.excluded.map((condition, index) => ({ key: `exclude[${index}]`, condition })),
    ]
    return conditions.flatMap(({ key, condition }) => {
      const message = this.wrongWith(condition, key, varied)
      return message === undefined ? [] : [{ place: condition.place, key, message }]
    })
  }

  private wrongWith(condition: Sourced, key: string, varied: readonly string[]) {
    if (leafPaths(condition).length === 0) return 'expected at least one setting. Name one.'
    const keys = varied.join(', ') || 'there is none'
    if (key.startsWith('when.') && !varied.includes(key.slice('when.'.length)))
      return `expected a key of the grid (${keys}). Vary it there, or remove this.`
    if (this.met.has(condition)) return undefined
    return 'expected settings that a run of the plan has but there is none that has them all.'
  }
}

const known = new WeakMap<Sourced, unknown>()

/** The settings with their defaults; without, where they are not valid (and `exclude` may drop them). */
function completed(settings: Sourced): unknown {
  if (!known.has(settings)) known.set(settings, resolve(settings, {}).value ?? toPlain(settings))
  return known.get(settings)
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
