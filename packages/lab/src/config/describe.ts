// Says in words what a schema expects at a path, and which keys it knows. Works on the JSON Schema
// of the zod schemas, so that the messages cannot drift from the checks.
import { z } from 'zod'

/** The part of JSON Schema that zod writes for our schemas. */
export interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  properties?: Record<string, JsonSchema>
  required?: string[]
  oneOf?: JsonSchema[]
  /** How zod writes a setting that may be null. */
  anyOf?: JsonSchema[]
  items?: JsonSchema
  additionalProperties?: boolean | JsonSchema
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
}

/** The JSON Schema of what a user may write (defaults are optional). */
export const jsonSchemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input' }) as JsonSchema

/**
 * The schema of the value at a path; for alternatives, the one that `kindAt` the path so far names, else
 * the first that has the key.
 */
export function schemaAt(
  root: JsonSchema,
  path: readonly PropertyKey[],
  kindAt: (path: readonly PropertyKey[]) => unknown = () => undefined,
): JsonSchema | undefined {
  let current: JsonSchema | undefined = root
  for (const [depth, key] of path.entries()) {
    if (current === undefined) return undefined
    current =
      typeof key === 'number'
        ? current.items
        : property(current, String(key), kindAt(path.slice(0, depth)))
  }
  return current
}

const alternatives = (schema: JsonSchema): JsonSchema[] => [
  schema,
  ...(schema.oneOf ?? []),
  ...(schema.anyOf ?? []),
]

function property(schema: JsonSchema, key: string, kind: unknown): JsonSchema | undefined {
  const own = (candidate: JsonSchema) =>
    Object.hasOwn(candidate.properties ?? {}, key) ? candidate.properties![key] : undefined
  const found = alternatives(schema)
    .map(own)
    .filter(one => one !== undefined)
  const constants = found.filter(({ const: constant }) => constant !== undefined)
  if (constants.length > 1) return { enum: constants.map(({ const: constant }) => constant) }
  const ofKind = alternatives(schema).find(one => one.properties?.kind?.const === kind)
  if (ofKind && own(ofKind)) return own(ofKind)
  if (found.length > 0) return found[0]
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

/** What is expected, as a noun phrase: `a number > 0 and < 1`, `true or false`, `one of a, b`. */
export function expectation(schema: JsonSchema | undefined): string {
  const { type, enum: choices, anyOf } = schema ?? {}
  if (choices) return `one of ${choices.join(', ')}`
  if (anyOf) return anyOf.map(expectation).join(' or ')
  if (type === 'null') return 'null'
  if (schema?.oneOf || type === 'object') return 'a mapping of settings'
  if (type === 'boolean') return 'true or false'
  if (type === 'number') return `a number${bounds(schema!)}`
  if (type === 'integer') return `an integer${bounds(schema!)}`
  if (type === 'array') return list(schema!)
  if (type !== 'string') return 'another value'
  return schema!.maxLength ? `text of 1 to ${schema!.maxLength} characters` : 'text'
}

function list({ minItems, maxItems }: JsonSchema): string {
  if (minItems && minItems === maxItems) return `a list of ${minItems} items`
  return minItems ? 'a list with at least one item' : 'a list'
}

function bounds(schema: JsonSchema): string {
  const maximum = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum
  const limits: [string, number | undefined][] = [
    ['>', schema.exclusiveMinimum],
    ['>=', schema.minimum],
    ['<', schema.exclusiveMaximum],
    ['<=', maximum],
  ]
  const phrases = limits.filter(([, limit]) => limit !== undefined).map(pair => pair.join(' '))
  return phrases.length > 0 ? ` ${phrases.join(' and ')}` : ''
}

/** All dotted keys under a schema, objects and leaves, in the schema's order. */
export function dottedKeys(schema: JsonSchema, prefix = ''): string[] {
  const keys = alternatives(schema).flatMap(({ properties }) =>
    Object.entries(properties ?? {}).flatMap(([key, child]) => [
      prefix + key,
      ...dottedKeys(child, `${prefix}${key}.`),
    ]),
  )
  return [...new Set(keys)]
}

/** A received value, short enough for one line. */
export function received(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number') return String(value)
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
