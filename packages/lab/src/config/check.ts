// Checks sourced values against a schema and turns every complaint into a line with its place.
// Knows zod's issue codes; knows nothing of YAML or of what the settings mean.
import { nearestNames } from 'normfree/nearest'
import type { z } from 'zod'
import {
  dottedKeys,
  expectation,
  type JsonSchema,
  jsonSchemaOf,
  received,
  schemaAt,
} from './describe.ts'
import type { ConfigIssue } from './errors.ts'
import { at, placeOf, type Sourced, toPlain } from './sourced.ts'

/** Either the parsed value with defaults filled in, or everything that is wrong with it. */
export type Checked<T> =
  | { readonly value: T; readonly issues: readonly [] }
  | { readonly value?: undefined; readonly issues: readonly ConfigIssue[] }

/** A function that checks sourced values against the schema. */
export function checker<T extends z.ZodType>(schema: T) {
  const shape = jsonSchemaOf(schema)
  return (sourced: Sourced): Checked<z.output<T>> => {
    const result = schema.safeParse(toPlain(sourced))
    if (result.success) return { value: result.data, issues: [] }
    return { issues: result.error.issues.flatMap(issue => toIssues(issue, sourced, shape)) }
  }
}

function toIssues(issue: z.core.$ZodIssue, sourced: Sourced, shape: JsonSchema): ConfigIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      place: placeOf(sourced, [...issue.path, key]),
      key: keyOf([...issue.path, key]),
      message: unknownKey(issue.path, key, sourced, shape),
    }))
  }
  const kindAt = (path: readonly PropertyKey[]) => at(sourced, [...path, 'kind'])?.value
  const message =
    issue.code === 'custom'
      ? issue.message
      : `expected ${expectation(schemaAt(shape, issue.path, kindAt))} but received ${receivedAt(sourced, issue.path)}`
  return [{ place: placeOf(sourced, issue.path), key: keyOf(issue.path), message }]
}

/** A path as a user writes it: `optimizer.lr`, `runs[1].name`. */
function keyOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((key, part) => {
    if (typeof part === 'number') return `${key}[${part}]`
    return key === '' ? String(part) : `${key}.${String(part)}`
  }, '')
}

function receivedAt(sourced: Sourced, path: readonly PropertyKey[]): string {
  const found = at(sourced, path)
  return received(found && toPlain(found))
}

function unknownKey(
  path: readonly PropertyKey[],
  key: string,
  sourced: Sourced,
  shape: JsonSchema,
): string {
  const parent = schemaAt(shape, path)
  const kind = at(sourced, [...path, 'kind'])?.value
  if (parent?.oneOf && schemaAt(parent, [key])) {
    const setting = keyOf([...path, 'kind'])
    return kind === undefined
      ? `unknown without ${setting}. Remove it or say the kind.`
      : `unknown for ${setting} ${received(kind)}. Remove it or change the kind.`
  }
  const hints = similarKeys(path, key, shape)
  if (hints.length > 0) return `unknown key. Did you mean ${hints.join(' or ')}?`
  return `unknown key. Known keys: ${ownKeys(parent).join(', ')}.`
}

/** Known keys that look alike, first beside the unknown one, then anywhere by their last part. */
function similarKeys(path: readonly PropertyKey[], key: string, shape: JsonSchema): string[] {
  const prefix = path.length > 0 ? `${keyOf(path)}.` : ''
  const beside = nearestNames(key, ownKeys(schemaAt(shape, path)))
  if (beside.length > 0) return beside.map(name => prefix + name)
  const anywhere = dottedKeys(shape)
  const lastParts = anywhere.map(name => name.slice(name.lastIndexOf('.') + 1))
  const nearest = nearestNames(key, [...new Set(lastParts)])
  return anywhere.filter((_, index) => nearest.includes(lastParts[index]!)).slice(0, 3)
}

const ownKeys = (schema: JsonSchema | undefined) =>
  dottedKeys(schema ?? {}).filter(name => !name.includes('.'))
