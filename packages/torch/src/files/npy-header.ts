// The header of NumPy's .npy: bytes to a checked description and back. Pure.
// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import type { DType } from '../types.ts'
import type { ByteFile } from './byte-file.ts'
import { type ArrayLayout, bytesOfShape, ELEMENT_BYTES, excerpt, MAX_DIMENSIONS } from './raw.ts'

export interface NpyHeader extends ArrayLayout {
  /** Offset of the first element. */
  dataStart: number
  /** Bytes of all elements. */
  bytes: number
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** NumPy's own limit is 10,000 characters. */
const MAX_TEXT = 1 << 16
/** NumPy begins the data at a multiple of this. */
const ALIGNMENT = 64

/** NumPy's type codes without the byte order. */
const CODES: Partial<Record<DType, string>> = {
  bool: 'b1',
  uint8: 'u1',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  complex64: 'c8',
  complex128: 'c16',
}
/** What other codes are called, for their refusals. */
const KINDS: Readonly<Record<string, string>> = {
  O: 'Python objects (a pickle, which could run code)',
  U: 'strings',
  S: 'byte strings',
  a: 'byte strings',
  V: 'raw records',
  M: 'dates',
  m: 'time spans',
  u: 'an unsigned type that LibTorch lacks',
  f: 'a float type that LibTorch lacks',
  c: 'a complex type that LibTorch lacks',
}

/** Whether NumPy has this dtype. */
export const isNpyDtype = (dtype: DType): boolean => dtype in CODES

/** Magic, version, and the text, padded so that the data begin at a multiple of 64. */
export function formatNpyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const order = ELEMENT_BYTES[dtype] === 1 ? '|' : '<'
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '${order}${CODES[dtype]}', 'fortran_order': False, 'shape': ${sizes}, }`
  const bytes = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT
  const header = Buffer.alloc(bytes, ' ')
  header.set([...MAGIC, 1, 0])
  header.writeUInt16LE(bytes - 10, 8)
  header.write(text, 10, 'latin1')
  header.write('\n', bytes - 1)
  return header
}

/**
 * Reads the header of a file that begins with `first` (as much of it as readBytes says) and has
 * `size` bytes.
 *
 * @throws FileFormatError for what is no .npy, and by name for dtypes that LibTorch lacks.
 */
export function parseNpyHeader(
  first: Uint8Array,
  size: number,
  refuse: ByteFile['refuse'],
): NpyHeader {
  const { textStart, dataStart } = textPlace(first, size, refuse)
  const text = Buffer.from(first.subarray(textStart, dataStart)).toString('latin1')
  const { descr, fortranOrder, shape } = parseText(text, refuse)
  const { dtype, bigEndian } = parseDescr(descr, refuse)
  if (shape.length > MAX_DIMENSIONS)
    throw refuse(`a shape of at most ${MAX_DIMENSIONS} sizes`, `${shape.length}`)
  const bytes = bytesOfShape(shape, ELEMENT_BYTES[dtype])
  if (Number.isNaN(bytes)) throw refuse('a shape with fewer elements', `[${shape}]`)
  if (bytes !== size - dataStart)
    throw refuse(`${bytes} bytes of data ([${shape}] of ${dtype})`, `${size - dataStart}`)
  return { dtype, shape, fortranOrder, bigEndian, dataStart, bytes }
}

/** How much of a file of `size` bytes parseNpyHeader may need. */
export const headerReach = (size: number): number => Math.min(size, 12 + MAX_TEXT)

function textPlace(first: Uint8Array, size: number, refuse: ByteFile['refuse']) {
  if (first.length < 12 || MAGIC.some((byte, i) => first[i] !== byte))
    throw refuse('a .npy file', 'one that does not begin as such')
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
  const major = first[6]
  if (major < 1 || major > 3) throw refuse('version 1, 2 or 3 of .npy', `${major}`)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const textStart = major === 1 ? 10 : 12
  const most = Math.min(MAX_TEXT, size - textStart)
  if (length > most) throw refuse(`a header of at most ${most} bytes`, `one of ${length}`)
  return { textStart, dataStart: textStart + length }
}

const SPACE = String.raw`[ \t\n\r]*`
const FIELD = new RegExp(
  `${SPACE}'(descr|fortran_order|shape)'${SPACE}:${SPACE}` +
    `(?:'([^'\\\\]*)'|(True|False)|\\(([\\dL, ]*)\\))${SPACE}(,|(?=\\}))`,
  'y',
)
const STRUCTURED = /'descr'\s*:\s*\[/
const SIZES = /^(?:\d{1,16}L?,(?: ?\d{1,16}L?,)*(?: ?\d{1,16}L?)?)?$/

/** The text is a Python dict of three fields; Python 2 wrote an L after large sizes. */
function parseText(text: string, refuse: ByteFile['refuse']) {
  const malformed = () => refuse('a header of descr, fortran_order and shape', excerpt(text.trim()))
  const fields = new Map<string, string>()
  if (STRUCTURED.test(text)) throw refuse('numbers or booleans', 'a structured dtype')
  const open = /^[ \t\n\r]*\{/.exec(text)
  if (!open) throw malformed()
  FIELD.lastIndex = open[0].length
  let end = FIELD.lastIndex
  for (let match = FIELD.exec(text); match; match = FIELD.exec(text)) {
    const [, key, quotedText, truth, sizes] = match
    const right = { descr: quotedText, fortran_order: truth, shape: sizes }[key]
    if (right === undefined || fields.has(key)) throw malformed()
    fields.set(key, right)
    end = FIELD.lastIndex
  }
  if (fields.size !== 3 || !/^[ \t\n\r]*\}[ \t\n\r]*$/.test(text.slice(end))) throw malformed()
  const sizes = (fields.get('shape') as string).trim()
  if (!SIZES.test(sizes)) throw malformed()
  const shape = (sizes.match(/\d+/g) ?? []).map(Number)
  if (!shape.every(Number.isSafeInteger)) throw refuse('sizes below 2^53', excerpt(sizes))
  const descr = fields.get('descr') as string
  return { descr, fortranOrder: fields.get('fortran_order') === 'True', shape }
}

/**
 * The dtype that NumPy writes as `<f4`.
 *
 * @throws FileFormatError by name for dtypes that LibTorch lacks.
 */
export function parseDescr(descr: string, refuse: ByteFile['refuse']) {
  const [, order = '', code = descr] = /^([<>|=])?(.*)$/s.exec(descr) ?? []
  const found = Object.entries(CODES).find(([, known]) => known === code)
  if (found) return { dtype: found[0] as DType, bigEndian: order === '>' }
  const kind = KINDS[code[0]]
  throw refuse('numbers or booleans', kind ? `${kind}: dtype ${excerpt(descr)}` : excerpt(descr))
}
