// Values that know where they were written, so that a complaint can name file, line and column.
// Layers of settings (base, run, grid, --set) are merged here; what the settings mean is schema.ts.
import type { ConfigIssue } from './errors.ts'

/** A value and the place of its key. Objects are Maps, so that no key is special. */
export interface Sourced {
  readonly place: string
  readonly value:
    | string
    | number
    | boolean
    | null
    | readonly Sourced[]
    | ReadonlyMap<string, Sourced>
}

/** Wraps a plain value (from code, not from a file); every part of it gets the same place. */
export function fromPlain(value: unknown, place: string): Sourced {
  if (Array.isArray(value)) return { place, value: value.map(item => fromPlain(item, place)) }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    return { place, value: new Map(entries.map(([key, item]) => [key, fromPlain(item, place)])) }
  }
  return { place, value: value as Sourced['value'] }
}

/** An object with no settings. */
export const emptyObject = (place: string): Sourced => ({ place, value: new Map() })

/** The plain value. Objects have no prototype, so that a `__proto__` key is only a key. */
export function toPlain({ value }: Sourced): unknown {
  if (value instanceof Map) {
    const object: Record<string, unknown> = Object.create(null)
    for (const [key, item] of value) object[key] = toPlain(item)
    return object
  }
  return Array.isArray(value) ? value.map(toPlain) : value
}

/** The value at a path, or undefined. */
export function at(sourced: Sourced, path: readonly PropertyKey[]): Sourced | undefined {
  let current: Sourced | undefined = sourced
  for (const key of path) {
    if (current?.value instanceof Map) current = current.value.get(String(key))
    else if (Array.isArray(current?.value)) current = current.value[Number(key)]
    else return undefined
  }
  return current
}

/** The place of the deepest part of the path that exists. */
export function placeOf(sourced: Sourced, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const found = at(sourced, path.slice(0, length))
    if (found) return found.place
  }
  return sourced.place
}

/**
 * Lays one value over another: objects are merged key by key, everything else is replaced. An
 * object that names another `kind` than the one beneath replaces it, since the settings of one kind
 * mean nothing to another.
 */
export function overlay(below: Sourced | undefined, above: Sourced): Sourced {
  const kind = at(above, ['kind'])?.value
  const replaces = below && kind !== undefined && kind !== at(below, ['kind'])?.value
  return replaces ? above : merge(below, above, overlay)
}

/** The parts of one object, which may be written in any order: no part replaces another. */
const join = (below: Sourced | undefined, above: Sourced): Sourced => merge(below, above, join)

function merge(below: Sourced | undefined, above: Sourced, mergeItems: typeof overlay): Sourced {
  if (!(below?.value instanceof Map && above.value instanceof Map)) return above
  const value = new Map(below.value)
  for (const [key, item] of above.value) value.set(key, mergeItems(value.get(key), item))
  return { place: above.place, value }
}

/** A setting `key: value` with a dotted key as the nested object that it stands for. */
export function nest(key: string, item: Sourced): Sourced {
  return key
    .split('.')
    .reverse()
    .reduce<Sourced>(
      (inner, part) => ({ place: item.place, value: new Map([[part, inner]]) }),
      item,
    )
}

/**
 * Turns dotted keys of an object into nested objects; other values are returned as they are.
 *
 * @param issues - gets an entry for each setting that is given twice, dotted and nested
 */
export function undot(sourced: Sourced, issues: ConfigIssue[]): Sourced {
  if (!(sourced.value instanceof Map)) return sourced
  let result = emptyObject(sourced.place)
  for (const [key, item] of sourced.value) {
    const nested = nest(key, item)
    for (const path of leafPaths(nested)) {
      if (isTaken(result, path))
        issues.push({ place: item.place, key: path.join('.'), message: twice })
    }
    result = { ...join(result, nested), place: sourced.place }
  }
  return result
}

const twice = 'given twice, dotted and nested. Keep one of them.'

/** Whether the path, or a value on the way to it that is no object, is already there. */
function isTaken(sourced: Sourced, path: readonly string[]): boolean {
  return path.some((_, index) => {
    const found = at(sourced, path.slice(0, index + 1))
    return found !== undefined && (index === path.length - 1 || !(found.value instanceof Map))
  })
}

/** The paths of all values in a value that are no objects; the empty path for such a value itself. */
export function leafPaths({ value }: Sourced): string[][] {
  if (!(value instanceof Map)) return [[]]
  return [...value].flatMap(([key, item]) => leafPaths(item).map(path => [key, ...path]))
}
