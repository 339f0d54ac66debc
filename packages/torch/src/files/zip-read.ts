// Reads zip files of strangers (.npz, .pt): the directory at the end, then single members. Stored
// and deflated members, with zip64; no encryption, no spanning. Members may not overlap and deflate
// cannot make more than 1032 times what it was given, so that a file bounds what it unpacks to.
// Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
import { crc32, inflateRawSync } from 'node:zlib'
import type { ByteFile } from './byte-file.ts'
import { quoted } from './raw.ts'

export interface ZipMember {
  readonly name: string
  /** Bytes once unpacked. */
  readonly size: number
  readonly compressed: boolean
  /** @internal */
  readonly packedSize: number
  /** @internal */
  readonly crc: number
  /** @internal Offset of the local header. */
  readonly offset: number
}

const END = 0x06054b50
const END_BYTES = 22
const END64_LOCATOR = 0x07064b50
const END64_LOCATOR_BYTES = 20
const END64 = 0x06064b50
const END64_BYTES = 56
const CENTRAL = 0x02014b50
const CENTRAL_BYTES = 46
const LOCAL = 0x04034b50
const LOCAL_BYTES = 30
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 1
const MAX_COMMENT = 0xffff
const ZIP64_EXTRA = 1
const FULL32 = 0xffffffff
/** A stored block of deflate aside, 258 bytes a 2-bit code: what zlib's authors give as its limit. */
const MAX_RATIO = 1032

/**
 * The members, in the order of the directory.
 *
 * @throws FileFormatError when the directory is damaged, or a member is encrypted, packed by another
 * method, named twice, or overlaps another.
 */
export function readDirectory(file: ByteFile): ZipMember[] {
  const { offset, bytes, count } = findDirectory(file)
  const view = viewOf(file.read(offset, bytes))
  const members: ZipMember[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > bytes || view.getUint32(at, true) !== CENTRAL)
      throw file.refuse(`${count} members in the zip directory`, `${i}`)
    const lengths = [28, 30, 32].map(field => view.getUint16(at + field, true))
    const end = at + CENTRAL_BYTES + lengths[0] + lengths[1] + lengths[2]
    if (end > bytes) throw file.refuse('a whole zip directory', 'one cut short')
    members.push(readMember(view, at, lengths, file))
    at = end
  }
  if (at !== bytes) throw file.refuse(`a zip directory of ${bytes} bytes`, `${at}`)
  checkMembers(members, offset, file)
  return members
}

/**
 * The bytes of a member, unpacked and checked against their sum.
 *
 * @throws FileFormatError when they are damaged.
 */
export function readZipMember(member: ZipMember, file: ByteFile): Uint8Array {
  const packed = file.read(dataOffset(member, file), member.packedSize)
  const bytes = member.compressed ? inflate(packed, member, file) : packed
  const sum = crc32(bytes)
  if (sum !== member.crc)
    throw file.refuse(
      `a CRC-32 of ${hex(member.crc)} for member ${quoted(member.name)}`,
      `${hex(sum)}: it is damaged`,
    )
  return bytes
}

function inflate(packed: Uint8Array, { name, size }: ZipMember, file: ByteFile): Uint8Array {
  const refuse = (received: string, cause?: unknown) =>
    file.refuse(`${size} bytes in member ${quoted(name)}`, received, cause)
  let bytes: Uint8Array
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) })
  } catch (error) {
    throw refuse((error as Error).message, error)
  }
  if (bytes.length !== size) throw refuse(`${bytes.length}`)
  return bytes
}

/** After the local header, whose name and extra fields may be longer than the directory's. */
function dataOffset({ name, offset, packedSize }: ZipMember, file: ByteFile): number {
  const view = viewOf(file.read(offset, LOCAL_BYTES))
  if (view.getUint32(0, true) !== LOCAL)
    throw file.refuse(`member ${quoted(name)} at byte ${offset}`, 'something else there')
  const start = offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
  if (start + packedSize > file.size)
    throw file.refuse(`${packedSize} bytes in member ${quoted(name)}`, `${file.size - start}`)
  return start
}

interface Directory {
  offset: number
  bytes: number
  count: number
}

function findDirectory(file: ByteFile): Directory {
  const tailBytes = Math.min(file.size, END_BYTES + MAX_COMMENT)
  const tail = viewOf(file.read(file.size - tailBytes, tailBytes))
  for (let at = tailBytes - END_BYTES; at >= 0; at--)
    if (
      tail.getUint32(at, true) === END &&
      at + END_BYTES + tail.getUint16(at + 20, true) === tailBytes
    )
      return readEnd(tail, at, file.size - tailBytes + at, file)
  throw file.refuse('a zip file', 'one without a directory at its end')
}

function readEnd(tail: DataView, at: number, position: number, file: ByteFile): Directory {
  const directory = {
    count: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  }
  const wide =
    directory.count === 0xffff || directory.bytes === FULL32 || directory.offset === FULL32
  const whole = wide ? readEnd64(position, file) : directory
  if (whole.offset + whole.bytes > position)
    throw file.refuse('a zip directory before its end record', `one at byte ${whole.offset}`)
  // Each entry takes 46 bytes at the least: no count asks for more than the file holds.
  if (whole.count * CENTRAL_BYTES > whole.bytes)
    throw file.refuse(`${whole.count} members in the zip directory`, `${whole.bytes} bytes of it`)
  return whole
}

function readEnd64(end: number, file: ByteFile): Directory {
  const refuse = () => file.refuse('a zip64 end record', 'something else')
  if (end < END64_LOCATOR_BYTES + END64_BYTES) throw refuse()
  const locator = viewOf(file.read(end - END64_LOCATOR_BYTES, END64_LOCATOR_BYTES))
  if (locator.getUint32(0, true) !== END64_LOCATOR) throw refuse()
  const at = readLong(locator, 8, file)
  if (at > end - END64_LOCATOR_BYTES - END64_BYTES) throw refuse()
  const view = viewOf(file.read(at, END64_BYTES))
  if (view.getUint32(0, true) !== END64) throw refuse()
  return {
    count: readLong(view, 32, file),
    bytes: readLong(view, 40, file),
    offset: readLong(view, 48, file),
  }
}

function readMember(
  view: DataView,
  at: number,
  [nameBytes, extraBytes]: readonly number[],
  file: ByteFile,
): ZipMember {
  const name = decodeName(view, at + CENTRAL_BYTES, nameBytes, file)
  if (view.getUint16(at + 8, true) & ENCRYPTED)
    throw file.refuse(`member ${quoted(name)} in the clear`, 'an encrypted one')
  const method = view.getUint16(at + 10, true)
  if (method !== STORED && method !== DEFLATED)
    throw file.refuse(`member ${quoted(name)} stored or deflated`, `compression method ${method}`)
  const extra = findZip64(view, at + CENTRAL_BYTES + nameBytes, extraBytes)
  const wide = (field: number): number => {
    const value = view.getUint32(at + field, true)
    if (value !== FULL32 || !extra) return value
    if (extra.at + 8 > extra.end) throw file.refuse(`zip64 sizes for ${quoted(name)}`, 'too few')
    extra.at += 8
    return readLong(view, extra.at - 8, file)
  }
  // The order of the zip64 field: size, packed size, offset, each only where the short one is full.
  const [size, packedSize, offset] = [wide(24), wide(20), wide(42)]
  const crc = view.getUint32(at + 16, true)
  return { name, size, packedSize, offset, crc, compressed: method === DEFLATED }
}

function findZip64(view: DataView, start: number, bytes: number) {
  const end = start + bytes
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at + 2, true)
    if (view.getUint16(at, true) === ZIP64_EXTRA) {
      return { at: at + 4, end: Math.min(at + 4 + length, end) }
    }
    at += 4 + length
  }
  return undefined
}

function decodeName(view: DataView, at: number, length: number, file: ByteFile): string {
  try {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw file.refuse('member names in UTF-8', 'other bytes', error)
  }
}

function checkMembers(members: readonly ZipMember[], end: number, file: ByteFile): void {
  const names = new Set<string>()
  for (const { name, size, packedSize, compressed } of members) {
    if (names.has(name)) throw file.refuse(`no second member ${quoted(name)}`, 'one')
    names.add(name)
    const most = compressed ? packedSize * MAX_RATIO : packedSize
    if (compressed ? size > most : size !== most)
      throw file.refuse(`member ${quoted(name)} to unpack to ${most} bytes at most`, `${size}`)
  }
  const inOrder = members.toSorted((a, b) => a.offset - b.offset)
  for (const [i, { name, offset, packedSize }] of inOrder.entries()) {
    const next = inOrder[i + 1]?.offset ?? end
    if (offset + LOCAL_BYTES + packedSize > next)
      throw file.refuse(`member ${quoted(name)} to end by byte ${next}`, 'one that overlaps')
  }
}

function readLong(view: DataView, at: number, file: ByteFile): number {
  const value = view.getBigUint64(at, true)
  if (value > Number.MAX_SAFE_INTEGER) throw file.refuse('zip64 sizes below 2^53', `${value}`)
  return Number(value)
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
