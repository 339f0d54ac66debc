import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive } from './archive.ts'
import { DataError } from './errors.ts'
import { tarOf, temporaryFolder, tgzOf } from './fixtures.test.util.ts'

const text = (value: string): Buffer => Buffer.from(value)

async function readAll(name: string, bytes: Uint8Array): Promise<Record<string, string | null>> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, bytes)
  const files: Record<string, string | null> = {}
  for await (const entry of readArchive(path)) {
    files[entry.path] = entry.isDirectory ? null : (await entry.read()).toString()
  }
  return files
}

async function failureOf(name: string, bytes: Uint8Array): Promise<string> {
  const error = await readAll(name, bytes).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  const { message } = error as DataError
  expect(message).toContain(name)
  expect(message).not.toContain('\n')
  return message
}

/** A tar header rewritten with another size (octal) and a right checksum. */
function withSize(tar: Buffer, octal: string): Buffer {
  const forged = Buffer.from(tar)
  forged.write(octal.padStart(11, '0'), 124, 'ascii')
  forged.fill(' ', 148, 156)
  const sum = forged.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  forged.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii')
  return forged
}

describe('readArchive', () => {
  const files = {
    './a/one.txt': text('one'),
    'a/b/two.txt': text('two'.repeat(5000)),
    empty: text(''),
  }

  it.each([
    ['x.tar', tarOf],
    ['x.tar.gz', tgzOf],
    ['X.TGZ', tgzOf],
  ] as const)('reads the files of %s under plain names', async (name, archive) => {
    const folder = { header: { name: 'a/', type: 'directory' } } as const
    expect(await readAll(name, await archive(files, [folder]))).toEqual({
      'a/one.txt': 'one',
      'a/b/two.txt': 'two'.repeat(5000),
      empty: '',
      a: null,
    })
  })

  it('lets files be skipped without reading them', async () => {
    const path = join(await temporaryFolder(), 'x.tar.gz')
    await writeFile(path, await tgzOf(files))
    const names = []
    for await (const entry of readArchive(path)) names.push(entry.path)
    expect(names).toEqual(['a/one.txt', 'a/b/two.txt', 'empty'])
  })

  it('may be left early', async () => {
    const path = join(await temporaryFolder(), 'x.tar.gz')
    await writeFile(path, await tgzOf(files))
    for await (const entry of readArchive(path)) {
      expect((await entry.read()).toString()).toBe('one')
      break
    }
  })

  it('passes over links and devices', async () => {
    const archive = await tarOf({ real: text('1') }, [
      { header: { name: 'soft', type: 'symlink', linkname: '/etc/passwd' } },
      { header: { name: 'hard', type: 'link', linkname: 'real' } },
      { header: { name: 'null', type: 'character-device' } },
    ])
    expect(await readAll('x.tar', archive)).toEqual({ real: '1' })
  })

  it.each(['../evil', 'a/../../evil', '/etc/evil', 'a\\..\\evil'])(
    'refuses the name %s, which points outside',
    async name => {
      const message = await failureOf('x.tar', await tarOf({ [name]: text('!') }))
      expect(message).toContain('Expected names inside the archive but received')
    },
  )

  it('refuses an entry that claims to be huge before reading it', async () => {
    const forged = withSize(await tarOf({ bomb: text('!') }), (2 ** 32).toString(8))
    expect(await failureOf('x.tar', forged)).toContain(
      'at most 256 MiB but received bomb of 4096 MiB',
    )
  })

  it('refuses a header block of its own that is huge', async () => {
    const forged = withSize(await tarOf({ ['n'.repeat(300)]: text('!') }), (2 ** 30).toString(8))
    expect(await failureOf('x.tar', forged)).toContain('Header exceeds max size')
  })

  it('says that an archive cut short is damaged, wherever it was cut', async () => {
    const whole = await tarOf({ a: text('a'.repeat(2000)), b: text('b') })
    const damaged = 'Expected a whole archive for `data` but received a damaged one'
    expect(await failureOf('x.tar', whole.subarray(0, 1000))).toContain(damaged)
    expect(await failureOf('x.tar', whole.subarray(0, 2700))).toContain(damaged)
    const zipped = gzipSync(whole)
    for (const cut of [5, 20, zipped.length - 4]) {
      expect(await failureOf('x.tar.gz', zipped.subarray(0, cut))).toContain(damaged)
    }
  })

  it('says that a file which is no archive is damaged', async () => {
    expect(await failureOf('x.tar', Buffer.alloc(2000, 'noise'))).toContain('damaged')
    expect(await failureOf('x.tgz', Buffer.alloc(2000, 'noise'))).toContain(
      'incorrect header check',
    )
  })

  it('says so when one byte of a compressed archive has flipped', async () => {
    const zipped = await tgzOf({
      a: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) & 255)),
    })
    zipped[zipped.length >> 1]! ^= 0x10
    expect(await failureOf('x.tar.gz', zipped)).toContain('damaged')
  })
})
