// Tensors as the bytes that files hold: elements one after another, little-endian. The half types
// and the complex ones travel in a dtype that JavaScript has an array for, bit by bit.

import { from } from '../create.ts'
import { arrayFor } from '../dtype.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import type { DType } from '../types.ts'
import type { ByteFile } from './byte-file.ts'

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
  complex64: 8,
  complex128: 16,
  bool: 1,
  bfloat16: 2,
}

/** Elements along more dimensions than LibTorch's iterators handle are a mistake or an attack. */
export const MAX_DIMENSIONS = 64

/** Enough of a stranger's text, which may be long, to find it by. */
export const excerpt = (text: string): string =>
  text.length > 80 ? `${text.slice(0, 80)}...` : text

/** A name from a file, as it is shown in messages. */
export const quoted = (name: string): string => JSON.stringify(excerpt(name))

/**
 * How many bytes a tensor takes; NaN when its sizes multiply beyond what is exact, even where a zero
 * makes the product nothing.
 */
export function bytesOfShape(shape: readonly number[], unit: number): number {
  const span = shape.reduce((product, size) => product * Math.max(size, 1), unit)
  if (!Number.isSafeInteger(span)) return Number.NaN
  return shape.includes(0) ? 0 : span
}

/** The dtype whose typed array holds the bits of the dtypes that have none. */
const CARRIER: Partial<Record<DType, DType>> = {
  bool: 'uint8',
  float16: 'int16',
  bfloat16: 'int16',
  complex64: 'float32',
  complex128: 'float64',
}

/**
 * A view of `tensor`'s memory, or of a row-major CPU copy of it; either lives as long as the bytes
 * do.
 */
export function bytesOf(tensor: Tensor): Uint8Array {
  const plain = tensor.detach().to('cpu').resolveConj().contiguous()
  const { dtype } = plain
  const carried = isComplex(dtype) ? plain.viewAsReal() : plain.view(CARRIER[dtype] ?? dtype)
  const { buffer, byteOffset, byteLength } = carried.data()
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const isComplex = (dtype: DType): boolean => dtype.startsWith('complex')

/**
 * A tensor over `bytes`, as many as the shape takes; over a copy where they are part of a buffer, in
 * which they may not be aligned.
 *
 * @param name of the tensor, for the refusal.
 * @throws FileFormatError for a bool that is neither 0 nor 1.
 */
export function tensorOf(
  bytes: Uint8Array,
  dtype: DType,
  shape: readonly number[],
  file: ByteFile,
  name: string,
): Tensor {
  // LibTorch takes any other byte for a bool at its word, with results that differ by operator.
  if (dtype === 'bool' && bytes.some(byte => byte > 1)) throw refuseBool(file, name)
  const carrier = CARRIER[dtype] ?? dtype
  const Type = arrayFor(carrier)
  if (!Type) throw new ArgumentError(`Expected a dtype of JavaScript but received ${dtype}.`)
  const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
  const array = new Type(whole.buffer as ArrayBuffer)
  if (isComplex(dtype)) return from(array, [...shape, 2]).viewAsComplex()
  const tensor = from(array, shape)
  return carrier === dtype ? tensor : tensor.view(dtype)
}

export const refuseBool = (file: Pick<ByteFile, 'refuse'>, name: string) =>
  file.refuse(`bytes 0 and 1 for bool tensor ${quoted(name)}`, 'others')

/** Turns big-endian elements into little-endian ones, or back, in place. */
export function swapBytes(bytes: Uint8Array, dtype: DType): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A complex element is two numbers.
  const unit = isComplex(dtype) ? ELEMENT_BYTES[dtype] / 2 : ELEMENT_BYTES[dtype]
  if (unit === 2) buffer.swap16()
  else if (unit === 4) buffer.swap32()
  else if (unit === 8) buffer.swap64()
}

/** How NumPy lays the elements of an array out. */
export interface ArrayLayout {
  dtype: DType
  shape: readonly number[]
  /** The first index runs fastest. */
  fortranOrder: boolean
  bigEndian: boolean
}

/**
 * A tensor over the elements `bytes` of a NumPy array, as tensorOf; big-endian ones are swapped in
 * place.
 */
export function tensorOfArray(
  bytes: Uint8Array,
  { dtype, shape, fortranOrder, bigEndian }: ArrayLayout,
  file: ByteFile,
  name: string,
): Tensor {
  if (bigEndian) swapBytes(bytes, dtype)
  if (!fortranOrder) return tensorOf(bytes, dtype, shape, file, name)
  const dims = shape.map((_, i) => shape.length - 1 - i)
  return tensorOf(bytes, dtype, shape.toReversed(), file, name).permute(dims)
}
