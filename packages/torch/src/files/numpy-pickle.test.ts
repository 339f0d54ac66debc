import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FileFormatError } from '../errors.ts'
import { temporaryFolder } from '../testing.test.util.ts'
import { loadNumpyPickle } from './numpy-pickle.ts'

/** Written by fixtures/make.py, with Python's own pickle. */
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../src/files/fixtures/${name}`, import.meta.url))

const range = (length: number) => Array.from({ length }, (_, i) => i)

describe('loadNumpyPickle', () => {
  it.each([2, 3, 4])('reads arrays in dicts, as protocol %d writes them', protocol => {
    const arrays = loadNumpyPickle(fixture(`haiku-p${protocol}.pkl`))
    const described = Array.from(arrays, ([name, x]) => [
      name,
      x.dtype,
      x.shape,
      x.flatten().toArray(),
    ])
    expect(described).toEqual([
      ['Net/~/conv/w', 'float32', [2, 1, 3, 4], range(24)],
      ['Net/~/conv/gain', 'float16', [4], [1, 1, 1, 1]],
      ['Net/~/linear/w', 'float64', [2, 3], range(6)],
      ['Net/~/linear/b', 'float32', [3], range(3)],
      ['Net/~/block/skip_gain', 'float32', [], [0.5]],
      ['Net/~/block/count', 'int64', [], [7]],
    ])
  })

  it('refuses what would run, by name', () => {
    const read = () => loadNumpyPickle(fixture('haiku-refused.pkl'))
    expect(read).toThrow(FileFormatError)
    expect(read).toThrow('refused: posix.system')
  })

  const reconstruct = 'cnumpy.core.multiarray\n_reconstruct\n(tR'
  const float = 'cnumpy\ndtype\n(X\x02\x00\x00\x00f4tR'
  it.each([
    ['a list in place of a dict', '].', /a list as ""/],
    ['a number in place of an array', '}X\x01\x00\x00\x00aK\x01s.', /a number as "a"/],
    ['an array without data', `${reconstruct}.`, /an object as ""/],
    [
      'fewer bytes than the shape takes',
      `${reconstruct}(K\x01K\x02\x85${float}\x89C\x04abcdtb.`,
      /8 bytes of an array \[2\] of float32 but received 4/,
    ],
    [
      'a negative size',
      `${reconstruct}(K\x01J\xff\xff\xff\xff\x85${float}\x89C\x04abcdtb.`,
      /NaN bytes/,
    ],
    [
      'objects',
      `${reconstruct}(K\x01K\x01\x85cnumpy\ndtype\n(X\x01\x00\x00\x00OtR\x89]tb.`,
      /numbers or booleans/,
    ],
    ['attributes of bytes', 'C\x01a}b.', /attributes of arrays alone/],
    ['a persistent id', 'K\x01Q.', /a persistent id/],
    ['bytes beyond the end', 'B\xff\xff\xff\xffa.', /4294967295 bytes at 5/],
  ])('refuses %s', (_, program, message) => {
    const path = join(temporaryFolder(), 'x.pkl')
    writeFileSync(path, Buffer.from(program, 'latin1'))
    expect(() => loadNumpyPickle(path)).toThrow(message)
    expect(() => loadNumpyPickle(path)).toThrow(FileFormatError)
  })
})
