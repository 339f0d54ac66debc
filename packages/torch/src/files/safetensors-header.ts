// The header of a safetensors file: bytes to a checked description and back. Pure, so that files of
// strangers can be judged before anything is allocated; reads and writes no file.
import { SafetensorsError } from '../errors.ts'
import type { DType } from '../types.ts'
import { bytesOfShape, ELEMENT_BYTES, excerpt, MAX_DIMENSIONS, quoted } from './raw.ts'
import { parseStrictJson, type StrictJson } from './strict-json.ts'

/** The format's names of the dtypes. */
const NAMES: Partial<Record<DType, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
}
const METADATA = '__metadata__'
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000
/** The header, an entry, its shape or offsets. */
const MAX_DEPTH = 3

/** Where one tensor lies; offsets in bytes from the first byte after the header. */
export interface SafetensorsEntry {
  name: string
  dtype: DType
  shape: readonly number[]
  begin: number
  end: number
}

export interface SafetensorsHeader {
  entries: readonly SafetensorsEntry[]
  metadata: ReadonlyMap<string, string>
}

/** Bytes of one element in a file; undefined for dtypes that the format does not have. */
export const elementBytes = (dtype: DType): number | undefined =>
  dtype in NAMES ? ELEMENT_BYTES[dtype] : undefined

/**
 * Lays tensors out one after another, the largest elements first so that each is aligned; the
 * entries keep the given order.
 */
export function layOut(
  tensors: readonly { name: string; dtype: DType; shape: readonly number[]; bytes: number }[],
): SafetensorsEntry[] {
  const entries = tensors.map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape,
    begin: 0,
    end: 0,
  }))
  const order = entries
    .map((entry, i) => ({ entry, bytes: tensors[i].bytes, unit: elementBytes(entry.dtype) ?? 1 }))
    .sort((a, b) => b.unit - a.unit)
  let at = 0
  for (const { entry, bytes } of order) {
    entry.begin = at
    at += bytes
    entry.end = at
  }
  return entries
}

/** The length field and the JSON text, padded so that the data begin at a multiple of 8. */
export function formatHeader({ entries, metadata }: SafetensorsHeader): Uint8Array {
  const members = entries.map(({ name, dtype, shape, begin, end }) =>
    member(name, { dtype: NAMES[dtype], shape, data_offsets: [begin, end] }),
  )
  if (metadata.size > 0) {
    const pairs = Array.from(metadata, ([key, value]) => member(key, value))
    members.unshift(`${JSON.stringify(METADATA)}:{${pairs.join(',')}}`)
  }
  const text = Buffer.from(`{${members.join(',')}}`, 'utf8')
  const padded = Math.ceil(text.length / 8) * 8
  const bytes = Buffer.alloc(8 + padded, ' ')
  bytes.writeBigUInt64LE(BigInt(padded), 0)
  text.copy(bytes, 8)
  return bytes
}

const member = (key: string, value: unknown) => `${JSON.stringify(key)}:${JSON.stringify(value)}`

/**
 * Length of the JSON text, from the first eight bytes of a file of `fileBytes`.
 *
 * @throws SafetensorsError when it cannot be.
 */
export function headerLength(first: Uint8Array, fileBytes: number, path: string): number {
  if (first.length < 8 || fileBytes < 8)
    throw new SafetensorsError(path, 'a length of 8 bytes first', `a file of ${fileBytes} bytes`)
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  const most = BigInt(Math.min(fileBytes - 8, MAX_HEADER_BYTES))
  if (length > most)
    throw new SafetensorsError(path, `a header of at most ${most} bytes`, `one of ${length}`)
  return Number(length)
}

/**
 * Reads the JSON text `bytes` of a file that has `dataBytes` after it. Every entry is checked: known
 * dtype, shape of whole numbers that fits the offsets; together they cover the data once.
 *
 * @throws SafetensorsError that names `path`, the tensor, and what is wrong.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const root = decode(bytes, path)
  if (!(root instanceof Map)) throw new SafetensorsError(path, 'an object as header', kind(root))
  const entries = [...root]
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => parseEntry(name, value, dataBytes, path))
  checkCover(entries, dataBytes, path)
  return { entries, metadata: parseMetadata(root.get(METADATA), path) }
}

function decode(bytes: Uint8Array, path: string): StrictJson {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return parseStrictJson(text, MAX_DEPTH)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new SafetensorsError(path, 'a header in JSON', words, { cause: error })
  }
}

function parseMetadata(value: StrictJson | undefined, path: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>()
  if (value === undefined) return metadata
  if (!(value instanceof Map))
    throw new SafetensorsError(path, `an object for ${METADATA}`, kind(value))
  for (const [key, text] of value) {
    if (typeof text !== 'string')
      throw new SafetensorsError(path, `strings in ${METADATA}`, `${kind(text)} for ${quoted(key)}`)
    metadata.set(key, text)
  }
  return metadata
}

function parseEntry(
  name: string,
  value: StrictJson,
  dataBytes: number,
  path: string,
): SafetensorsEntry {
  const refuse = (expected: string, received: string) =>
    new SafetensorsError(path, `${expected} for tensor ${quoted(name)}`, received)
  if (!(value instanceof Map)) throw refuse('an object', kind(value))
  const unknown = [...value.keys()].find(key => !['dtype', 'shape', 'data_offsets'].includes(key))
  if (unknown !== undefined)
    throw refuse('dtype, shape and data_offsets alone', `also ${quoted(unknown)}`)
  const dtype = Object.keys(NAMES).find(key => NAMES[key as DType] === value.get('dtype'))
  if (dtype === undefined)
    throw refuse(`a dtype of ${Object.values(NAMES)}`, kind(value.get('dtype')))
  const shape = value.get('shape')
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS)
    throw refuse(`a shape of at most ${MAX_DIMENSIONS} whole numbers`, kind(shape))
  const offsets = value.get('data_offsets')
  if (!isSizes(offsets) || offsets.length !== 2) throw refuse('two data_offsets', kind(offsets))
  const [begin, end] = offsets
  if (begin > end || end > dataBytes)
    throw refuse(`data_offsets within ${dataBytes} bytes`, `${begin} to ${end}`)
  const wanted = bytesOfShape(shape, ELEMENT_BYTES[dtype as DType])
  if (Number.isNaN(wanted)) throw refuse('a shape with fewer elements', `[${shape}]`)
  if (wanted !== end - begin)
    throw refuse(`${wanted} bytes ([${shape}] of ${dtype})`, `${end - begin}`)
  return { name, dtype: dtype as DType, shape, begin, end }
}

const isSizes = (value: StrictJson | undefined): value is number[] =>
  Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && (size as number) >= 0)

/** Every byte of the data belongs to exactly one tensor: no overlap, no hole, nothing after. */
function checkCover(entries: readonly SafetensorsEntry[], dataBytes: number, path: string): void {
  let at = 0
  for (const { name, begin, end } of entries.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== at)
      throw new SafetensorsError(
        path,
        `tensor ${quoted(name)} to begin at byte ${at}`,
        `${begin}: ${begin < at ? 'it overlaps another' : 'a hole before it'}`,
      )
    at = end
  }
  if (at !== dataBytes)
    throw new SafetensorsError(path, `tensors that fill ${dataBytes} bytes`, `${at} bytes of them`)
}

function kind(value: StrictJson | undefined): string {
  if (value === undefined) return 'nothing'
  if (value instanceof Map) return 'an object'
  return excerpt(JSON.stringify(value))
}
