import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileFormatError } from '../errors.ts'
import { temporaryFolder } from '../testing.test.util.ts'
import { replaceFile, withFile } from './byte-file.ts'
import { readDirectory, readZipMember } from './zip-read.ts'
import { ZipWriter } from './zip-write.ts'

type Members = readonly (readonly [name: string, content: Uint8Array, compress?: boolean])[]

function write(members: Members): string {
  const path = join(temporaryFolder(), 'x.zip')
  replaceFile(path, append => {
    const zip = new ZipWriter(append)
    for (const [name, content, compress = false] of members) zip.add(name, [content], compress)
    zip.finish()
  })
  return path
}

const readAll = (path: string) =>
  withFile(path, file =>
    readDirectory(file).map(member => [member.name, readZipMember(member, file)] as const),
  )

/** Writes `path` again with `edit` done to its bytes. */
function edit(path: string, change: (bytes: Buffer) => Buffer | undefined): string {
  const bytes = readFileSync(path)
  writeFileSync(path, change(bytes) ?? bytes)
  return path
}

const central = (bytes: Buffer) => bytes.indexOf(Buffer.from('PK\x01\x02', 'latin1'))
const end = (bytes: Buffer) => bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))

describe('zip files', () => {
  it('give back names, order and contents', () => {
    const members = fc.uniqueArray(
      fc.tuple(fc.string({ unit: 'binary', maxLength: 6 }), fc.uint8Array(), fc.boolean()),
      { selector: ([name]) => name, maxLength: 6 },
    )
    fc.assert(
      fc.property(members, items => {
        const read = readAll(write(items)).map(([name, content]) => [
          name,
          Uint8Array.from(content),
        ])
        expect(read).toEqual(items.map(([name, content]) => [name, content]))
      }),
      { numRuns: 50 },
    )
  })

  it('take a comment at the end', () => {
    const path = write([['a', Uint8Array.of(1)]])
    edit(path, bytes => {
      bytes.writeUInt16LE(3, end(bytes) + 20)
      return Buffer.concat([bytes, Buffer.from('hey')])
    })
    expect(readAll(path)).toEqual([['a', Uint8Array.of(1)]])
  })

  it.each<[string, (bytes: Buffer) => Buffer | undefined, RegExp]>([
    ['no directory', bytes => bytes.subarray(0, -1), /without a directory at its end/],
    ['nothing', () => Buffer.alloc(0), /without a directory/],
    [
      'more members than there are',
      bytes => void bytes.writeUInt16LE(9, end(bytes) + 10),
      /9 members/,
    ],
    [
      'fewer members than there are',
      bytes => void bytes.writeUInt16LE(1, end(bytes) + 10),
      /a zip directory of/,
    ],
    [
      'a directory elsewhere',
      bytes => void bytes.writeUInt32LE(0, end(bytes) + 16),
      /members in the zip/,
    ],
    [
      'a directory beyond the end',
      bytes => void bytes.writeUInt32LE(1e9, end(bytes) + 16),
      /before its end record/,
    ],
    [
      'a zip64 record that is none',
      bytes => void bytes.writeUInt32LE(0xffffffff, end(bytes) + 16),
      /a zip64 end record/,
    ],
    [
      'a damaged byte',
      bytes => void bytes.writeUInt8(7, 31),
      /a CRC-32 of 0x\w{8} for member "a" .*it is damaged/,
    ],
    ['encryption', bytes => void bytes.writeUInt16LE(1, central(bytes) + 8), /an encrypted one/],
    [
      'another method',
      bytes => void bytes.writeUInt16LE(12, central(bytes) + 10),
      /compression method 12/,
    ],
    [
      'a size that is too large',
      bytes => void bytes.writeUInt32LE(9, central(bytes) + 24),
      /unpack to 3 bytes at most but received 9/,
    ],
    [
      'a member that overlaps',
      bytes => void [20, 24].map(at => bytes.writeUInt32LE(60, central(bytes) + at)),
      /overlaps/,
    ],
    [
      'a member elsewhere',
      bytes => void bytes.writeUInt32LE(1, central(bytes) + 42),
      /something else there|overlaps/,
    ],
    [
      'a name that is no UTF-8',
      bytes => void bytes.writeUInt8(0xff, central(bytes) + 46),
      /names in UTF-8/,
    ],
    [
      'a name twice',
      bytes => void bytes.writeUInt8(0x62, central(bytes) + 46),
      /no second member "b"/,
    ],
  ])('refuse %s', (_, change, message) => {
    const path = write([
      ['a', Uint8Array.of(1, 2, 3)],
      ['b', new Uint8Array(5)],
    ])
    edit(path, change)
    expect(() => readAll(path)).toThrow(FileFormatError)
    expect(() => readAll(path)).toThrow(message)
  })

  it('refuse a member that claims to unpack to more than deflate can', () => {
    const path = write([['a', new Uint8Array(1000), true]])
    edit(path, bytes => void bytes.writeUInt32LE(0x7fffffff, central(bytes) + 24))
    expect(() => readAll(path)).toThrow(/unpack to \d+ bytes at most but received 2147483647/)
  })

  it('refuse a member that unpacks to more or less than it claims', () => {
    for (const size of [999, 1001]) {
      const path = write([['a', new Uint8Array(1000), true]])
      edit(path, bytes => void bytes.writeUInt32LE(size, central(bytes) + 24))
      expect(() => readAll(path)).toThrow(new RegExp(`${size} bytes in member "a"`))
    }
  })

  it('hold more members than the short record counts', () => {
    const members = Array.from({ length: 65_536 }, (_, i) => [`${i}`, new Uint8Array(0)] as const)
    expect(readAll(write(members))).toHaveLength(65_536)
  })
})
