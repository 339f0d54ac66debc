// The single way in which an operator is run: arguments onto the tape, one call into the addon,
// results off the tape. The generated wrappers are one call each of what is exported here.
import { ArgumentError, DisposedError, OutOfMemoryError, TorchError } from './errors.ts'
import { LATER_ARGUMENTS, OPERATORS } from './generated/operators.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import { TensorBase } from './tensor-base.ts'
import { noteCaller, takeBlame, tracing } from './tracing.ts'

/** The options of a call that was given none. */
export const NONE: Readonly<Record<string, never>> = Object.freeze({})

/** The names that `named` was asked for, by their list. */
const nameSets = new Map<string, ReadonlySet<string>>()

/** `options` of wrapper number `wrapper`, which has those of `list` (names between spaces) alone. */
export function named<T extends object>(wrapper: number, options: T, list: string): T {
  if (options === NONE) return options
  const names = nameSets.get(list) ?? new Set(list.split(' '))
  nameSets.set(list, names)
  for (const name in options)
    if (!names.has(name))
      throw new ArgumentError(
        `Expected ${list.split(' ').join(', ')} among the options of ${operatorName(wrapper)} but received "${name}".`,
      )
  return options
}

/** How a handle becomes the Tensor that users see; set by tensor.ts, which builds on this file. */
let wrap: (handle: number) => TensorBase
export const setWrapper = (wrapper: (handle: number) => TensorBase): void => {
  wrap = wrapper
}

/** A Tensor that takes over `handle`, for files that tensor.ts builds on. */
export const wrapHandle = (handle: number): TensorBase => wrap(handle)

export const isTensor = (value: unknown): value is TensorBase => value instanceof TensorBase

/** Wrapper index -> index in the addon, filled at the first use of each. */
const resolved = new Int32Array(OPERATORS.length).fill(-1)

/** Name and overload of a wrapper's operator, and the versions that have it where not all do. */
function entryOf(wrapper: number): { full: string; only: string } {
  const entry = OPERATORS[wrapper]
  const end = entry.indexOf(' ')
  return end < 0
    ? { full: entry, only: '' }
    : { full: entry.slice(0, end), only: entry.slice(end + 1) }
}

/** `add.Tensor`, of wrapper number `wrapper`. */
export const operatorName = (wrapper: number): string => entryOf(wrapper).full

function resolveWrapper(wrapper: number): number {
  const { full, only } = entryOf(wrapper)
  const [name, overload = ''] = full.split('.')
  resolved[wrapper] = native.resolve(`aten::${name}`, overload)
  if (resolved[wrapper] < 0) throw lacking(full, only)
  return resolved[wrapper]
}

/** `what` (an operator, or an argument of `operator`) is not in the loaded LibTorch. */
function lacking(operator: string, only: string, what = operator): TorchError {
  const { version } = native.engineInfo()
  const wanted =
    only === ''
      ? `an operator of LibTorch ${version} but received "${what}", which it does not have`
      : `LibTorch ${only.startsWith('1.') ? only : `${only[0]}.x (${only} has it)`} for ${what} but received ${version}, which does not have it`
  return new TorchError(operator, `Expected ${wanted}.`)
}

/** Runs wrapper number `wrapper` of the generated table on `args`, in schema order. */
export const call = (wrapper: number, ...args: unknown[]): unknown => callWith(wrapper, args)

/** `call` with the arguments in an array. */
export function callWith(wrapper: number, args: readonly unknown[]): unknown {
  const index = resolved[wrapper]
  return run(index >= 0 ? index : resolveWrapper(wrapper), args, wrapper)
}

/**
 * Told of an operator after it ran: `add.Tensor`, its arguments in schema order (`undefined` where
 * the default was taken), and what it gave back.
 */
export type OperatorObserver = (operator: string, args: readonly unknown[], result: unknown) => void

let observer: OperatorObserver | null = null

/**
 * Runs `work` and tells `observe` of every operator of LibTorch that is called in it, in order: what
 * a forward pass is made of, from which it can be traced. Operators that `observe` itself calls are
 * not reported, nor what is read without an operator (shape, item, data). The innermost observer
 * hears alone.
 *
 * @example ops.observe((name, args) => console.log(name, args), () => model(x))
 */
export function observeOperators<T>(observe: OperatorObserver, work: () => T): T {
  const outer = observer
  observer = (operator, args, result) => {
    const self = observer
    observer = null
    try {
      observe(operator, args, result)
    } finally {
      observer = self
    }
  }
  try {
    return work()
  } finally {
    observer = outer
  }
}

const dynamic = new Map<string, number>()

/** `aten::add.Tensor`; without a dot where there is no overload. */
export const operatorKey = (name: string, overload: string): string =>
  overload ? `${name}.${overload}` : name

/** Index of `key` in the addon, which keeps whatever it looks up: asked once. -1: no such operator. */
function resolveKey(key: string, name: string, overload: string): number {
  const known = dynamic.get(key)
  if (known !== undefined) return known
  const index = native.resolve(name, overload)
  if (index >= 0) dynamic.set(key, index)
  return index
}

/** Whether the loaded LibTorch has an operator: `ops.has('aten::add', 'Tensor')`. */
export const hasOperator = (name: string, overload = ''): boolean =>
  resolveKey(operatorKey(name, overload), name, overload) >= 0

/**
 * Calls any operator by its schema name, e.g. `ops.call('aten::add', 'Tensor', x, y)`; arguments in
 * schema order, keyword-only ones too; `undefined` takes the schema's default.
 *
 * @throws TorchError when there is no such operator or LibTorch refuses the arguments.
 */
export function callOperator(name: string, overload: string, ...args: unknown[]): unknown {
  const key = operatorKey(name, overload)
  const index = resolveKey(key, name, overload)
  if (index < 0) throw lacking(key, '')
  return run(index, args, key)
}

/** `operator`: the number of a wrapper or the name of an operator, for messages. */
function run(index: number, args: readonly unknown[], operator: number | string): unknown {
  let count = args.length
  while (count > 0 && args[count - 1] === undefined) count--
  try {
    tape.rewind()
    for (let i = 0; i < count; i++) tape.putArgument(args[i])
    if (tracing) noteCaller()
    const longer = native.invoke(index, count)
    if (longer) tape.replace(longer)
  } catch (error) {
    const name = typeof operator === 'number' ? operatorName(operator) : operator
    throw laterArgument(name, error) ?? refusal(name, args, error)
  }
  tape.rewind()
  const result = readResults(args)
  if (observer !== null) observer(nameOf(operator), args, result)
  return result
}

function readResults(args: readonly unknown[]): unknown {
  const results = tape.next()
  if (results === 1) return readResult(args)
  return results === 0 ? undefined : Array.from({ length: results }, () => readResult(args))
}

/** `add.Tensor`, of a wrapper's number or of a name with its namespace. */
const nameOf = (operator: number | string): string =>
  typeof operator === 'number' ? operatorName(operator) : operator.replace(/^aten::/, '')

/** The reason why `operator` was given too much, where another version would have taken it. */
function laterArgument(operator: string, error: unknown): TorchError | undefined {
  const later = LATER_ARGUMENTS[operator]
  if (!later || !/^Expected at most \d+ arguments/.test((error as Error).message)) return undefined
  return lacking(operator, later.only, later.names.map(name => `\`${name}\``).join(', '))
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

/**
 * Runs an entry point of the addon that goes back through the graph: as attempt, and under anomaly
 * detection the message of what LibTorch throws ends with where the forward call was.
 */
export function attemptPass<T>(operator: string, args: readonly unknown[], work: () => T): T {
  if (tracing) noteCaller()
  try {
    return attempt(operator, args, work)
  } catch (error) {
    const place = tracing ? takeBlame() : undefined
    if (place === undefined || !(error instanceof TorchError)) throw error
    const message = `${error.message} The forward call was at ${place.replaceAll('\n', '\n  from ')}`
    throw new TorchError(operator, message, { cause: error })
  }
}

const thrown = new WeakSet<Error>()

/** Runs what the addon calls: an error of it is none of LibTorch's, and goes on as it is. */
export function passThrough<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error) thrown.add(error)
    throw error
  }
}

const isOurs = (error: Error) =>
  error instanceof TorchError || error instanceof DisposedError || thrown.has(error)

function refusal(operator: string, args: readonly unknown[], cause: unknown): unknown {
  if (!(cause instanceof Error) || isOurs(cause)) return cause
  const words = cause.message.split('\nException raised from')[0].trim()
  const message = `${operator}(${args.map(describeArgument).join(', ')}): ${words}`
  if (cause instanceof ArgumentError) return new ArgumentError(message, { cause })
  const Kind = OUT_OF_MEMORY.test(words) ? OutOfMemoryError : TorchError
  return new Kind(operator, message, { cause })
}

/** The words of the allocators: of Linux and of Windows, of CUDA, and of C++ itself. */
const OUT_OF_MEMORY =
  /CPUAllocator: (can't allocate|not enough) memory|CUDA out of memory|CUDA error: out of memory|std::bad_alloc/

export function describeArgument(value: unknown): string {
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
