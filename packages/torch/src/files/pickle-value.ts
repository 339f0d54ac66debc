// What a pickle may hold, in JavaScript's terms, and what its reader is told by whoever knows more.
import type { FileFormatError } from '../errors.ts'

/** What may be the key of a dict or a member of a set. */
export type PickleKey = null | boolean | number | bigint | string
/** Lists and tuples are arrays, dicts are Maps in the order of the file. */
export type PickleValue =
  | PickleKey
  | PickleValue[]
  | Map<PickleKey, PickleValue>
  | Set<PickleKey>
  | PickleObject

/** What only the caller knows the meaning of: results of its functions and its persistent objects. */
export abstract class PickleObject {}

/** A byte string. */
export class PickleBytes extends PickleObject {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super()
    this.bytes = bytes
  }
}

/** A name that a pickle may call. */
export class PickleFunction extends PickleObject {
  readonly apply: (args: PickleValue[]) => PickleValue

  constructor(apply: (args: PickleValue[]) => PickleValue) {
    super()
    this.apply = apply
  }
}

/** What a pickle may name, and how it is told off. */
export interface PickleWorld {
  /** Full names (`module.name`, those of Python 3) that are allowed, with what they stand for. */
  readonly globals: ReadonlyMap<string, PickleValue>
  /** Gives an object its attributes; without it none has any. */
  build?(target: PickleObject, state: PickleValue): void
  /** What a persistent id stands for. */
  persistent(id: PickleValue): PickleValue
  refuse(expected: string, received: string, cause?: unknown): FileFormatError
}

/** True for what Python could hash and JavaScript compares by value. */
export const isPickleKey = (value: PickleValue): value is PickleKey =>
  value === null || typeof value !== 'object'

/** In Python's words, for messages. */
export function kindOf(value: PickleValue): string {
  if (value === null) return 'None'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Map) return 'a dict'
  if (value instanceof Set) return 'a set'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
