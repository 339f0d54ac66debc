// Which of an operator's overloads is meant, by what is given: the generated tables are built here
// once, when the package is loaded, so that a call only compares.
import { callWith, describeArgument, leaf, NONE, operatorName } from './call.ts'
import { ArgumentError } from './errors.ts'
import { TensorBase } from './tensor-base.ts'

/**
 * [wrapper, one match code a positional parameter, how many are required, the match code of each
 * keyword (with a `!` where it must be given), factory].
 */
type Row = readonly [number, string, number, Readonly<Record<string, string>>, boolean?]

type Matcher = (value: unknown) => boolean

interface Form {
  wrapper: number
  /** One a positional parameter. */
  matchers: readonly Matcher[]
  required: number
  /** In the order of the schema. */
  keywords: ReadonlyMap<string, Matcher>
  requiredKeywords: readonly string[]
  /** Makes a tensor out of none: has a default dtype and takes requiresGrad. */
  factory: boolean
}

/** All overloads of one operator, in the order in which they are tried. */
export type Forms = readonly Form[]

const isList = (value: unknown): boolean =>
  Array.isArray(value) && (value.length === 0 || typeof value[0] !== 'object')

/** By the code that codegen/types.ts gives a type; a capital also takes null. */
const MATCHERS: Readonly<Record<string, Matcher>> = {
  t: value => value instanceof TensorBase,
  n: value => typeof value === 'number' || typeof value === 'bigint',
  c: value => typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint',
  b: value => typeof value === 'boolean',
  s: value => typeof value === 'string',
  a: value =>
    Array.isArray(value) && value.every(item => item === null || item instanceof TensorBase),
  l: isList,
  m: value => typeof value === 'number' || isList(value),
  g: value => typeof value === 'object' && value !== null,
}

function matcherOf(code: string): Matcher {
  const plain = MATCHERS[code.toLowerCase()]
  return code in MATCHERS ? plain : value => value === null || plain(value)
}

/** Prepares a generated table. */
export const forms = (rows: readonly Row[]): Forms =>
  rows.map(([wrapper, codes, required, keywords, factory = false]) => {
    const listed = Object.entries(factory ? { ...keywords, requiresGrad: 'b' } : keywords)
    return {
      wrapper,
      matchers: [...codes].map(matcherOf),
      required,
      keywords: new Map(listed.map(([name, code]) => [name, matcherOf(code[0])])),
      requiredKeywords: listed.flatMap(([name, code]) => (code.endsWith('!') ? [name] : [])),
      factory,
    }
  })

/** Runs the first form that `args` fit; a plain object at the end holds the keywords. */
export function overloaded(all: Forms, args: readonly unknown[]): unknown {
  const last = args[args.length - 1]
  const options = isOptions(last) ? last : undefined
  const count = options ? args.length - 1 : args.length
  for (const form of all)
    if (fits(form, args, count, options)) {
      if (!options && !form.factory) return callWith(form.wrapper, args)
      return callWithOptions(form, args.slice(0, count), options ?? NONE)
    }
  throw noOverload(all, args)
}

function callWithOptions(
  { wrapper, matchers, keywords, factory }: Form,
  positional: unknown[],
  options: Record<string, unknown>,
): unknown {
  while (positional.length < matchers.length) positional.push(undefined)
  for (const name of keywords.keys())
    if (name !== 'requiresGrad')
      positional.push(factory && name === 'dtype' ? (options.dtype ?? 'float32') : options[name])
  const result = callWith(wrapper, positional)
  return factory ? leaf(result, options) : result
}

const isOptions = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof TensorBase) &&
  !Array.isArray(value) &&
  !('handle' in value)

function fits(
  { matchers, required, keywords, requiredKeywords }: Form,
  args: readonly unknown[],
  count: number,
  options: Record<string, unknown> | undefined,
): boolean {
  if (count < required || count > matchers.length) return false
  for (let i = 0; i < count; i++) {
    const value = args[i]
    if (value === undefined ? i < required : !matchers[i](value)) return false
  }
  if (options === undefined) return requiredKeywords.length === 0
  return (
    requiredKeywords.every(name => options[name] !== undefined) &&
    Object.entries(options).every(
      ([name, value]) => keywords.has(name) && (value === undefined || keywords.get(name)?.(value)),
    )
  )
}

function noOverload(all: Forms, args: readonly unknown[]): Error {
  const name = operatorName(all[0].wrapper).split('.')[0]
  return new ArgumentError(
    `Expected arguments that fit one of the ${all.length} forms of ${name} but received (${args.map(describeArgument).join(', ')}).`,
  )
}
