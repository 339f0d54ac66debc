// Element types: their codes in LibTorch (c10::ScalarType), and the typed arrays that hold them.
import { ArgumentError } from './errors.ts'
import type { DType } from './types.ts'

/** Index = c10::ScalarType; null for those that JavaScript never sees. */
const BY_CODE: readonly (DType | null)[] = [
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float32',
  'float64',
  null,
  'complex64',
  'complex128',
  'bool',
  null,
  null,
  null,
  'bfloat16',
]

export const dtypeOf = (code: number): DType => {
  const dtype = BY_CODE[code]
  if (!dtype)
    throw new ArgumentError(
      `Expected one of the dtypes of JavaScript but received LibTorch's number ${code}.`,
    )
  return dtype
}

export const codeOf = (dtype: DType): number => {
  const code = BY_CODE.indexOf(dtype)
  if (code < 0) {
    const known = BY_CODE.filter(name => name !== null).join(', ')
    throw new ArgumentError(`Expected a dtype (${known}) but received ${JSON.stringify(dtype)}.`)
  }
  return code
}

/**
 * What `Tensor.data()` returns. A Float16Array, where the runtime has it, stands as the
 * Float32Array that it is like to read and write.
 */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer): TypedArray
}

/** Node has it from version 24 on. */
const { Float16Array } = globalThis as { Float16Array?: TypedArrayConstructor }

const ARRAYS: Readonly<Partial<Record<DType, TypedArrayConstructor>>> = {
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
  ...(Float16Array && { float16: Float16Array }),
}

/**
 * The typed array that holds `dtype` as it is in memory, two elements a complex number; undefined
 * for the half types that the runtime has none for.
 */
export const arrayFor = (dtype: DType): TypedArrayConstructor | undefined => ARRAYS[dtype]

/** The dtype that a typed array's elements have. */
export function dtypeOfArray(array: ArrayBufferView): DType {
  const found = Object.entries(ARRAYS).find(([, type]) => array instanceof type)
  if (array instanceof Uint8ClampedArray) return 'uint8'
  if (!found)
    throw new ArgumentError(
      `Expected a typed array that LibTorch has a dtype for but received ${array.constructor.name}.`,
    )
  return found[0] as DType
}

/** How many elements of `array` make one of `dtype`, whose memory the array may be; else undefined. */
export function elementsPer(dtype: DType, array: ArrayBufferView): number | undefined {
  const own = dtypeOfArray(array)
  if (own === dtype) return 1
  if (dtype === 'complex64' && own === 'float32') return 2
  if (dtype === 'complex128' && own === 'float64') return 2
  return dtype === 'bool' && own === 'uint8' ? 1 : undefined
}

export const isFloatingPoint = (dtype: DType): boolean => /^(float|bfloat)/.test(dtype)
