// The single way in which an operator is run: arguments onto the tape, one call into the addon,
// results off the tape. The generated wrappers are one call each of what is exported here.
import { ArgumentError, DisposedError, OutOfMemoryError, TorchError } from './errors.ts'
import { OPERATORS } from './generated/operators.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import { TensorBase } from './tensor-base.ts'

/** The options of a call that was given none. */
export const NONE: Readonly<Record<string, never>> = Object.freeze({})

/** How a handle becomes the Tensor that users see; set by tensor.ts, which builds on this file. */
let wrap: (handle: number) => TensorBase
export const setWrapper = (wrapper: (handle: number) => TensorBase): void => {
  wrap = wrapper
}

export const isTensor = (value: unknown): value is TensorBase => value instanceof TensorBase

/** Wrapper index -> index in the addon, filled at the first use of each. */
const resolved = new Int32Array(OPERATORS.length).fill(-1)

function resolveWrapper(wrapper: number): number {
  const [name, overload = ''] = OPERATORS[wrapper].split('.')
  resolved[wrapper] = resolveOperator(`aten::${name}`, overload)
  return resolved[wrapper]
}

function resolveOperator(name: string, overload: string): number {
  const index = native.resolve(name, overload)
  if (index >= 0) return index
  const full = overload ? `${name}.${overload}` : name
  const { version } = native.engineInfo()
  throw new TorchError(
    full,
    `Expected an operator of LibTorch ${version} but received "${full}", which it does not have.`,
  )
}

/** Runs wrapper number `wrapper` of the generated table on `args`, in schema order. */
export function call(wrapper: number, ...args: unknown[]): unknown {
  const index = resolved[wrapper]
  return run(index >= 0 ? index : resolveWrapper(wrapper), args, () => OPERATORS[wrapper])
}

const dynamic = new Map<string, number>()

/**
 * Calls any operator by its schema name, e.g. `callOperator('aten::add', 'Tensor', x, y)`;
 * arguments in schema order, keyword-only ones too; `undefined` takes the schema's default.
 *
 * @throws TorchError when there is no such operator or LibTorch refuses the arguments.
 */
export function callOperator(name: string, overload: string, ...args: unknown[]): unknown {
  const key = overload ? `${name}.${overload}` : name
  let index = dynamic.get(key)
  if (index === undefined) {
    index = resolveOperator(name, overload)
    dynamic.set(key, index)
  }
  return run(index, args, () => key)
}

function run(index: number, args: readonly unknown[], nameOf: () => string): unknown {
  try {
    tape.rewind()
    for (let i = 0; i < args.length; i++) tape.putArgument(args[i])
    const longer = native.invoke(index, args.length)
    if (longer) tape.replace(longer)
  } catch (error) {
    throw refusal(nameOf(), args, error)
  }
  tape.rewind()
  const count = tape.next()
  if (count === 1) return readResult(args)
  return count === 0 ? undefined : Array.from({ length: count }, () => readResult(args))
}

function readResult(args: readonly unknown[]): unknown {
  const tag = tape.next()
  if (tag === tape.HANDLE) return wrap(tape.next())
  if (tag === tape.ALIAS) return args[tape.next()]
  if (tag === tape.STRING) return tape.nextString()
  if (tag === tape.INT64) return tape.nextBigint()
  const value = tape.next()
  if (tag === tape.LIST) return Array.from({ length: value }, () => readResult(args))
  if (tag === tape.BOOL) return value !== 0
  return tag === tape.NONE_TAG ? null : value
}

/** Reads the tensors that the addon left on the tape. */
export function readTensors(): (TensorBase | null)[] {
  tape.rewind()
  tape.next()
  return readResult([]) as (TensorBase | null)[]
}

/**
 * Runs an entry point of the addon that is no operator (backward, the grad field, ...); what it
 * throws becomes a TorchError naming `operator` and its arguments.
 */
export function attempt<T>(operator: string, args: readonly unknown[], work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw refusal(operator, args, error)
  }
}

function refusal(operator: string, args: readonly unknown[], cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof TorchError || cause instanceof DisposedError)
    return cause
  const words = cause.message.split('\nException raised from')[0].trim()
  const message = `${operator}(${args.map(describeArgument).join(', ')}): ${words}`
  if (cause instanceof ArgumentError) return new ArgumentError(message, { cause })
  const Kind = OUT_OF_MEMORY.test(words) ? OutOfMemoryError : TorchError
  return new Kind(operator, message, { cause })
}

/** The words of the allocators: of Linux and of Windows, of CUDA, and of C++ itself. */
const OUT_OF_MEMORY =
  /CPUAllocator: (can't allocate|not enough) memory|CUDA out of memory|CUDA error: out of memory|std::bad_alloc/

function describeArgument(value: unknown): string {
  if (value instanceof TensorBase)
    return value.isDisposed ? 'Tensor (released)' : describeTensor(value)
  if (Array.isArray(value))
    return `[${value.slice(0, 8).map(describeArgument).join(', ')}${value.length > 8 ? ', ...' : ''}]`
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'object' && value !== null ? tape.kindOf(value) : String(value)
}

/** Set by tensor.ts, like the wrapper. */
let describeTensor: (tensor: TensorBase) => string = () => 'Tensor'
export const setDescription = (description: typeof describeTensor): void => {
  describeTensor = description
}

/** Switches recording for a leaf on or off. */
export const requireGrad = (tensor: TensorBase, wanted: boolean): void =>
  attempt('requiresGrad_', [tensor, wanted], () => native.setRequiresGrad(tensor.handle, wanted))

/** Marks what a factory made as a leaf that wants a gradient, when its options say so. */
export function leaf(tensor: unknown, options: { requiresGrad?: boolean }): unknown {
  if (options.requiresGrad) requireGrad(tensor as TensorBase, true)
  return tensor
}

/** [wrapper, one match code a positional parameter, how many are required, keywords, factory]. */
export type Overload = readonly [number, string, number, readonly string[], boolean?]

/** Runs the first of `overloads` that `args` fit; a trailing plain object holds the keywords. */
export function overloaded(overloads: readonly Overload[], args: readonly unknown[]): unknown {
  const last = args.at(-1)
  const options = isOptions(last) ? last : undefined
  const positional = options ? args.slice(0, -1) : args
  const chosen = overloads.find(overload => fits(overload, positional, options))
  if (!chosen) throw noOverload(overloads, args)
  const [wrapper, codes, , keywords, factory] = chosen
  const padded = Array.from({ length: codes.length }, (_, i) => positional[i])
  const named = keywords.map(name =>
    factory && name === 'dtype' ? (options?.dtype ?? 'float32') : options?.[name],
  )
  const result = call(wrapper, ...padded, ...named)
  return factory ? leaf(result, options ?? NONE) : result
}

const isOptions = (value: unknown): value is Record<string, unknown> =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  !(value instanceof TensorBase) &&
  !('handle' in value)

function fits(
  [, codes, required, keywords, factory]: Overload,
  args: readonly unknown[],
  options?: object,
): boolean {
  if (args.length < required || args.length > codes.length) return false
  if (
    options &&
    !Object.keys(options).every(
      key => keywords.includes(key) || (factory && key === 'requiresGrad'),
    )
  )
    return false
  return args.every((arg, i) => (arg === undefined ? i >= required : matches(codes[i], arg)))
}

function matches(code: string, value: unknown): boolean {
  if (value === null) return code === code.toUpperCase()
  switch (code.toLowerCase()) {
    case 't':
      return value instanceof TensorBase
    case 'n':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'c':
      return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    case 'b':
      return typeof value === 'boolean'
    case 's':
      return typeof value === 'string'
    case 'a':
      return (
        Array.isArray(value) && value.every(item => item === null || item instanceof TensorBase)
      )
    case 'l':
      return Array.isArray(value) && !value.some(item => item instanceof TensorBase)
    case 'm':
      return (
        typeof value === 'number' ||
        (Array.isArray(value) && !value.some(item => item instanceof TensorBase))
      )
    default:
      return typeof value === 'object'
  }
}

function noOverload(overloads: readonly Overload[], args: readonly unknown[]): Error {
  const name = OPERATORS[overloads[0][0]].split('.')[0]
  return new ArgumentError(
    `Expected arguments that fit one of the ${overloads.length} forms of ${name} but received (${args.map(describeArgument).join(', ')}).`,
  )
}
