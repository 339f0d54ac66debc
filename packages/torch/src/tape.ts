// Writes arguments to the tape and reads results from it; native/tape.h is the other half and
// lists the tags. Knows numbers and handles only: what a handle stands for is src/call.ts's affair.
import { ArgumentError } from './errors.ts'
import { native } from './native.ts'

export const NONE_TAG = 0
export const HANDLE = 1
export const INT = 2
export const DOUBLE = 3
export const BOOL = 4
export const STRING = 5
export const LIST = 6
export const DEFAULT = 7
export const INT64 = 8
export const ALIAS = 9

/** Whatever has a native value behind it. */
export interface Handled {
  readonly handle: number
}

let tape: Float64Array = new Float64Array(1 << 14)
let at = 0
native.useTape(tape)

/** Starts a new message. */
export const rewind = (): void => {
  at = 0
}

/** Goes on with the tape that the addon made because the results did not fit on this one. */
export const replace = (longer: Float64Array): void => {
  tape = longer
}

/** Makes room for `count` more entries; the addon is told when the tape had to grow. */
function reserve(count: number): void {
  if (at + count <= tape.length) return
  const longer = new Float64Array(Math.max(tape.length * 2, at + count))
  longer.set(tape)
  tape = longer
  native.useTape(tape)
}

const put = (tag: number, value: number): void => {
  if (at + 2 > tape.length) reserve(2)
  tape[at++] = tag
  tape[at++] = value
}

export function putRaw(value: number): void {
  reserve(1)
  tape[at++] = value
}

/** Writes one argument of any kind that a schema can name; `undefined` means the default. */
export function putArgument(value: unknown): void {
  if (typeof value === 'number') put(Number.isSafeInteger(value) ? INT : DOUBLE, value)
  else if (typeof value === 'object') putObject(value)
  else if (typeof value === 'boolean') put(BOOL, value ? 1 : 0)
  else if (typeof value === 'undefined') putRaw(DEFAULT)
  else if (typeof value === 'string') putString(value)
  else if (typeof value === 'bigint') putBigint(value)
  else throw new ArgumentError(`Expected an argument for LibTorch but received a ${typeof value}.`)
}

function putObject(value: object | null): void {
  if (value === null) {
    putRaw(NONE_TAG)
    return
  }
  const { handle } = value as Partial<Handled>
  if (typeof handle === 'number') put(HANDLE, handle)
  else if (Array.isArray(value)) {
    put(LIST, value.length)
    for (let i = 0; i < value.length; i++) putArgument(value[i])
  } else {
    throw new ArgumentError(
      `Expected a Tensor, a number, a string or an array but received ${kindOf(value)}.`,
    )
  }
}

/** The class of an object, for messages. */
export const kindOf = (value: object): string => value.constructor?.name ?? 'Object'

function putString(text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  put(STRING, bytes.length)
  reserve(bytes.length)
  tape.set(bytes, at)
  at += bytes.length
}

function putBigint(value: bigint): void {
  const wrapped = BigInt.asIntN(64, value)
  if (wrapped !== value)
    throw new ArgumentError(`Expected an integer of 64 bits but received ${value}.`)
  put(INT64, Number(wrapped >> 32n))
  putRaw(Number(BigInt.asUintN(32, wrapped)))
}

/** Reads the next entry, without a meaning. */
export const next = (): number => tape[at++]

export function nextString(): string {
  const length = next()
  const text = Buffer.from(tape.subarray(at, at + length)).toString('utf8')
  at += length
  return text
}

export const nextBigint = (): bigint => (BigInt(next()) << 32n) | BigInt(next())

/** Entries a message of `count` handles and tags may need for its results. */
export const reserveResults = (count: number): void => {
  const here = at
  at = 0
  reserve(count)
  at = here
}
