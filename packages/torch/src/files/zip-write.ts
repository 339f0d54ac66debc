// Writes zip files that are the same bytes whenever their members are: no clock, no user, no
// system. Stored or deflated members, zip64 where a size or an offset needs it.
// Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
import { crc32, deflateRawSync } from 'node:zlib'
import type { Append } from './byte-file.ts'

/** The first day that the format has. */
const DATE = (0 << 9) | (1 << 5) | 1
const UTF8 = 1 << 11
const FULL16 = 0xffff
const FULL32 = 0xffffffff
const VERSION = 20
const VERSION_64 = 45

interface Written {
  name: Uint8Array
  method: number
  crc: number
  packedSize: number
  size: number
  offset: number
}

/** Appends members to a file, then the directory. */
export class ZipWriter {
  readonly #append: Append
  readonly #written: Written[] = []
  #position = 0

  constructor(append: Append) {
    this.#append = append
  }

  /** Writes a member whose content is `parts`, one after another. */
  add(name: string, parts: readonly Uint8Array[], compress: boolean): void {
    const packed = compress ? [deflateRawSync(Buffer.concat(parts))] : parts
    const member: Written = {
      name: Buffer.from(name, 'utf8'),
      method: compress ? 8 : 0,
      // Node's crc32 of nothing forgets what came before.
      crc: parts.reduce((sum, part) => (part.length === 0 ? sum : crc32(part, sum)), 0),
      packedSize: total(packed),
      size: total(parts),
      offset: this.#position,
    }
    this.#put(localHeader(member))
    for (const part of packed) this.#put(part)
    this.#written.push(member)
  }

  /** Writes the directory: nothing may be added after. */
  finish(): void {
    const offset = this.#position
    for (const member of this.#written) this.#put(centralHeader(member))
    const bytes = this.#position - offset
    const count = this.#written.length
    if (count >= FULL16 || offset >= FULL32 || bytes >= FULL32)
      this.#put(end64(count, bytes, offset, this.#position))
    this.#put(end(count, bytes, offset))
  }

  #put(bytes: Uint8Array): void {
    this.#append(bytes)
    this.#position += bytes.length
  }
}

const total = (parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0)

const isWide = ({ size, packedSize }: Written): boolean => Math.max(size, packedSize) >= FULL32

function localHeader(member: Written): Uint8Array {
  const wide = isWide(member)
  // Both sizes must be in a local zip64 field, where there is one.
  const extra = wide ? zip64([member.size, member.packedSize]) : Buffer.alloc(0)
  const fixed = Buffer.alloc(30)
  fixed.writeUInt32LE(0x04034b50, 0)
  writeCommon(fixed, 4, member, wide ? VERSION_64 : VERSION, wide)
  fixed.writeUInt16LE(extra.length, 28)
  return Buffer.concat([fixed, member.name, extra])
}

function centralHeader(member: Written): Uint8Array {
  const wide = isWide(member)
  const far = member.offset >= FULL32
  const values = [
    ...(wide ? [member.size, member.packedSize] : []),
    ...(far ? [member.offset] : []),
  ]
  const extra = values.length > 0 ? zip64(values) : Buffer.alloc(0)
  const fixed = Buffer.alloc(46)
  fixed.writeUInt32LE(0x02014b50, 0)
  const version = values.length > 0 ? VERSION_64 : VERSION
  fixed.writeUInt16LE(version, 4)
  writeCommon(fixed, 6, member, version, wide)
  fixed.writeUInt16LE(extra.length, 30)
  fixed.writeUInt32LE(far ? FULL32 : member.offset, 42)
  return Buffer.concat([fixed, member.name, extra])
}

/** The run of fields that local and central headers share, from `version needed` to the name's length. */
function writeCommon(
  into: Buffer,
  at: number,
  { name, method, crc, size, packedSize }: Written,
  version: number,
  wide: boolean,
): void {
  into.writeUInt16LE(version, at)
  into.writeUInt16LE(UTF8, at + 2)
  into.writeUInt16LE(method, at + 4)
  into.writeUInt16LE(0, at + 6)
  into.writeUInt16LE(DATE, at + 8)
  into.writeUInt32LE(crc, at + 10)
  into.writeUInt32LE(wide ? FULL32 : packedSize, at + 14)
  into.writeUInt32LE(wide ? FULL32 : size, at + 18)
  into.writeUInt16LE(name.length, at + 22)
}

function zip64(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(8 * values.length, 2)
  for (const [i, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
  return field
}

function end(count: number, bytes: number, offset: number): Uint8Array {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(Math.min(count, FULL16), 8)
  record.writeUInt16LE(Math.min(count, FULL16), 10)
  record.writeUInt32LE(Math.min(bytes, FULL32), 12)
  record.writeUInt32LE(Math.min(offset, FULL32), 16)
  return record
}

/** The zip64 end record, and the locator that says where it is. */
function end64(count: number, bytes: number, offset: number, position: number): Uint8Array {
  const record = Buffer.alloc(56 + 20)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeUInt16LE(VERSION_64, 12)
  record.writeUInt16LE(VERSION_64, 14)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(bytes), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(position), 64)
  record.writeUInt32LE(1, 72)
  return record
}
