// Elements as nested arrays of plain numbers.
import type { TypedArray } from './dtype.ts'
import { ArgumentError } from './errors.ts'
import type { DType } from './types.ts'

/** Numbers (booleans for bool) nested as deep as the tensor has dimensions. */
export type NestedArray = number | boolean | NestedArray[]

/** `data` row-major in `shape`; pairs of numbers where the dtype is complex. */
export function nested(data: TypedArray, dtype: DType, shape: readonly number[]): NestedArray {
  const flat = Array.from(data as ArrayLike<number | bigint>, toPlain(dtype))
  return nest(flat, dtype.startsWith('complex') ? [...shape, 2] : shape)
}

function toPlain(dtype: DType): (value: number | bigint) => number | boolean {
  if (dtype === 'bool') return value => value !== 0
  return value => {
    if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value)))
      throw new ArgumentError(
        `Expected integers within 2^53 for toArray() but received ${value}. Use data(), which gives a BigInt64Array.`,
      )
    return Number(value)
  }
}

function nest(flat: (number | boolean)[], shape: readonly number[]): NestedArray {
  if (shape.length === 0) return flat[0]
  if (shape.length === 1) return flat
  const rest = shape.slice(1)
  const size = rest.reduce((product, n) => product * n, 1)
  return Array.from({ length: shape[0] }, (_, i) =>
    nest(flat.slice(i * size, (i + 1) * size), rest),
  )
}
