// MATLAB's older file format (Level 5, as `save -v6` and `-v7` write it), as far as lists of numbers go:
// NYU's split is one. Read from memory, and nothing in the file is believed before it is checked.
import { inflateSync } from 'node:zlib'

/** What is wrong with a file, in a few words; whoever knows the file's name wraps it. */
export class MatFileError extends Error {
  override readonly name = 'MatFileError'
}

const HEADER = 128
const COMPRESSED = 15
const MATRIX = 14
/** The first class of numbers; those before it are cells, structs, objects, texts and sparse matrices. */
const DOUBLE = 6
/** Far more than any list of indices takes; a small file may unpack to gigabytes. */
const MAX_UNPACKED = 1 << 24

/** How numbers lie in an element, by its type. */
const READERS: Readonly<Record<number, readonly [size: number, read: Reader]>> = {
  1: [1, (bytes, at) => bytes.readInt8(at)],
  2: [1, (bytes, at) => bytes.readUInt8(at)],
  3: [2, (bytes, at) => bytes.readInt16LE(at)],
  4: [2, (bytes, at) => bytes.readUInt16LE(at)],
  5: [4, (bytes, at) => bytes.readInt32LE(at)],
  6: [4, (bytes, at) => bytes.readUInt32LE(at)],
  7: [4, (bytes, at) => bytes.readFloatLE(at)],
  9: [8, (bytes, at) => bytes.readDoubleLE(at)],
  12: [8, (bytes, at) => Number(bytes.readBigInt64LE(at))],
  13: [8, (bytes, at) => Number(bytes.readBigUInt64LE(at))],
}

type Reader = (bytes: Buffer, at: number) => number

/** One tagged part of a file. */
interface Element {
  type: number
  data: Buffer
}

/**
 * The numeric arrays of a Level 5 file by name, their numbers in MATLAB's order; what else is in it is
 * passed over.
 *
 * @throws MatFileError for anything that is not such a file
 */
export function readMatArrays(file: Buffer): Map<string, number[]> {
  if (file.length < HEADER || file.toString('latin1', 124, 128) !== '\u0000\u0001IM')
    throw new MatFileError('no MATLAB file of Level 5, little-endian')
  const arrays = new Map<string, number[]>()
  for (const element of elementsOf(file.subarray(HEADER))) {
    const inner = element.type === COMPRESSED ? elementsOf(unpack(element.data)) : [element]
    for (const { type, data } of inner) {
      const array = type === MATRIX ? arrayOf(data) : null
      if (array) arrays.set(...array)
    }
  }
  return arrays
}

function unpack(data: Buffer): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: MAX_UNPACKED })
  } catch (cause) {
    throw new MatFileError(`a damaged part (${(cause as Error).message})`, { cause })
  }
}

/** Parts one after the other: a type, a length and the bytes, short ones in one word of eight bytes. */
function* elementsOf(bytes: Buffer): Generator<Element> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const word = bytes.readUInt32LE(at)
    const isShort = word >>> 16 !== 0
    const type = word & 0xffff
    const length = isShort ? word >>> 16 : bytes.readUInt32LE(at + 4)
    const start = at + (isShort ? 4 : 8)
    const end = start + length
    if (end > bytes.length || (isShort && length > 4))
      throw new MatFileError(`a part of ${length} bytes that ends behind the file`)
    yield { type, data: bytes.subarray(start, end) }
    at = isShort ? at + 8 : type === COMPRESSED ? end : start + Math.ceil(length / 8) * 8
  }
}

/** Flags, sizes, name and numbers of a matrix; null for cells, structs, texts and the like. */
function arrayOf(data: Buffer): [name: string, values: number[]] | null {
  const [flags, , name, values] = elementsOf(data)
  const isNumeric = (flags?.data[0] ?? 0) >= DOUBLE
  const reader = values && READERS[values.type]
  if (!isNumeric || !name || !reader) return null
  const [size, read] = reader
  const length = Math.floor(values.data.length / size)
  return [
    name.data.toString('latin1'),
    Array.from({ length }, (_, i) => read(values.data, i * size)),
  ]
}
