import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Batch, batches } from '../batches.ts'
import { DataError } from '../errors.ts'
import { temporaryFolder } from '../fixtures.test.util.ts'
import { loadData } from '../load.ts'
import { Rng } from '../rng.ts'
import type { DenseSet, ImageData } from '../types.ts'
import { MatFileError, readMatArrays } from './mat-file.ts'
import { type NyuFileOptions, writeNyuFile } from './nyu.test.util.ts'
import { openNyuFile } from './nyu-file.ts'

const [COUNT, HEIGHT, WIDTH] = [24, 12, 16]

/** The byte of an image's pixel, and its depth: all differ between neighbours. */
const byteAt = (n: number, y: number, x: number, c: number) =>
  (n * 91 + y * 7 + x * 3 + c * 50) & 255
const depthAt = (n: number, y: number, x: number) => 1 + n + y / 64 + x / 4096

const nyuFile = (changes: Partial<NyuFileOptions> = {}) =>
  writeNyuFile({ count: COUNT, height: HEIGHT, width: WIDTH, byteAt, depthAt, ...changes })

/** A part of a Level 5 file. */
function element(type: number, data: Buffer): Buffer {
  const tag = Buffer.alloc(8)
  tag.writeUInt32LE(type, 0)
  tag.writeUInt32LE(data.length, 4)
  return Buffer.concat([tag, data, Buffer.alloc(type === 15 ? 0 : (8 - (data.length % 8)) % 8)])
}

/** @param kind - MATLAB's class: 6 is double, 2 a struct */
function matrix(name: string, values: readonly number[], kind = 6): Buffer {
  const int32 = (...numbers: number[]) => Buffer.from(Int32Array.from(numbers).buffer)
  const short = Buffer.alloc(8)
  short.writeUInt16LE(1, 0)
  short.writeUInt16LE(name.length, 2)
  short.write(name, 4, 'latin1')
  return element(
    14,
    Buffer.concat([
      element(6, int32(kind, 0)),
      element(5, int32(values.length, 1)),
      name.length <= 4 ? short : element(1, Buffer.from(name, 'latin1')),
      // MATLAB writes whole numbers of doubles in the smallest type that holds them.
      values.every(value => value < 256 && Number.isInteger(value))
        ? element(2, Buffer.from(values))
        : element(9, Buffer.from(Float64Array.from(values).buffer)),
    ]),
  )
}

function matFile(arrays: Record<string, readonly number[]>, compressed = true): Buffer {
  const header = Buffer.alloc(128, ' ')
  header.write('MATLAB 5.0 MAT-file')
  header.writeUInt16LE(0x100, 124)
  header.write('IM', 126)
  const parts = Object.entries(arrays).map(([name, values]) => matrix(name, values))
  return Buffer.concat([
    header,
    ...parts.map(part => (compressed ? element(15, deflateSync(part)) : part)),
  ])
}

const SPLIT = { testNdxs: [1, 2, 24], trainNdxs: Array.from({ length: 21 }, (_, i) => i + 3) }

async function withSplit(bytes = matFile(SPLIT)): Promise<string> {
  const path = await nyuFile()
  await writeFile(join(dirname(path), 'splits.mat'), bytes)
  return path
}

const numbersOf = (data: ImageData, split: 'train' | 'test') =>
  (data[split] as DenseSet).places.map(place => 'index' in place && place.index)

const failureOf = async (path: string): Promise<string> => {
  const error = await loadData(`nyu:${path}`).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  return (error as DataError).message
}

describe('openNyuFile', () => {
  it('turns the columns that MATLAB stores into rows of pixels', async () => {
    const file = await openNyuFile(await nyuFile())
    expect(file).toMatchObject({ length: COUNT, height: HEIGHT, width: WIDTH })
    for (const n of [0, 17, COUNT - 1]) {
      const { image, map } = file.read(n)
      expect(image).toMatchObject({ height: HEIGHT, width: WIDTH })
      const expected = Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) =>
        byteAt(n, Math.floor(i / 3 / WIDTH), Math.floor(i / 3) % WIDTH, i % 3),
      )
      expect([...image.data]).toEqual(expected)
      expect(map[5 * WIDTH + 9]).toBe(Math.fround(depthAt(n, 5, 9)))
    }
    file.close()
  })

  it('reads a damaged file rightly, or says that it is damaged', async () => {
    const whole = await readFile(await nyuFile())
    const folder = await temporaryFolder()
    const rng = new Rng(1)
    let refused = 0
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole)
      for (let i = rng.int(8); i >= 0; i--)
        bytes[rng.int(rng.chance(0.7) ? 4096 : bytes.length)] = rng.int(256)
      const path = join(folder, `${round}.mat`)
      await writeFile(path, rng.chance(0.2) ? bytes.subarray(0, rng.int(bytes.length)) : bytes)
      const outcome = await openNyuFile(path).then(
        file => {
          try {
            return file.read(3).map.length
          } catch (error) {
            return (error as Error).name
          } finally {
            file.close()
          }
        },
        (error: Error) => error.name,
      )
      expect([HEIGHT * WIDTH, 'NyuFileError']).toContain(outcome)
      refused += Number(outcome === 'NyuFileError')
    }
    expect(refused).toBeGreaterThan(30)
  })
})

describe('nyu:FILE', () => {
  it('takes the official split that lies beside it', async () => {
    const data = await loadData(`nyu:${await withSplit()}`)
    expect(data).toMatchObject({ height: 228, width: 304, classes: [] })
    expect(data.note).toBeUndefined()
    expect(data.train).toMatchObject({ length: 21, maps: 'depths' })
    expect(numbersOf(data, 'test')).toEqual([0, 1, 23])
    expect(numbersOf(data, 'train').slice(0, 3)).toEqual([2, 3, 4])
  })

  it('holds out the last 9 of 20 images in a row without one, and says so', async () => {
    const data = await loadData(`nyu:${await nyuFile()}`)
    expect(numbersOf(data, 'test')).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(numbersOf(data, 'train')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 21, 22, 23])
    expect(data.note).toContain('no splits.mat')
  })

  it('gives batches of images and depths from the middle, each halved', async () => {
    const whole = await loadData(`nyu:${await withSplit()}`)
    const data = { ...whole, height: 4, width: 6 }
    const options = { batchSize: 3, seed: 0, epoch: 0, shuffle: false, dropLast: false }
    const [batch] = (await collect(data, { ...options, augment: null })) as [Batch]
    expect(batch).toMatchObject({ size: 3, skipped: 0 })
    expect([...batch.indices]).toEqual([0, 1, 2])
    expect(batch.images).toHaveLength(3 * 4 * 6 * 3)
    // 12 x 16 pixels become 6 x 8, of which rows 1 to 4 and columns 1 to 6 are kept; the nearest of two
    // pixels is the second.
    const expected = Array.from({ length: 24 }, (_, i) =>
      Math.fround(depthAt(23, 2 * (1 + Math.floor(i / 6)) + 1, 2 * (1 + (i % 6)) + 1)),
    )
    expect([...batch.map!.subarray(2 * 24)]).toEqual(expected)
  })

  it('divides depths by how much larger the image is made', async () => {
    const whole = await loadData(`nyu:${await withSplit()}`)
    const data = { ...whole, height: 6, width: 8 }
    const options = { batchSize: 1, seed: 0, epoch: 0, shuffle: false, dropLast: false }
    const augment = { crop: 0, flip: false, scale: [2, 2] }
    const [batch] = (await collect(data, { ...options, augment })) as [Batch]
    for (const depth of batch.map!) {
      expect(depth).toBeGreaterThan(0.5)
      expect(depth).toBeLessThan(0.65)
    }
  })

  it('counts a damaged image as skipped where it is told to, and names it otherwise', async () => {
    const path = await withSplit()
    const whole = await readFile(path)
    // The second image's chunk: deflated data behind the zlib header that begins each.
    const second = whole.indexOf(
      Buffer.from([0x78, 0x5e]),
      whole.indexOf(Buffer.from([0x78, 0x5e])) + 2,
    )
    whole.fill(0xff, second, second + 40)
    await writeFile(path, whole)
    const options = { batchSize: 3, seed: 0, epoch: 0, shuffle: false, dropLast: false }
    const read = async (asked: string) =>
      collect(await loadData(`nyu:${path}${asked}`), { ...options, augment: null })
    await expect(read('?size=6')).rejects.toThrow(/a damaged part .*\(image 1 of .*corrupt=skip/)
    const [batch] = (await read('?size=6&corrupt=skip')) as [Batch]
    expect(batch).toMatchObject({ size: 2, skipped: 1 })
    expect([...batch.indices]).toEqual([0, 2])
    expect(batch.map).toHaveLength(2 * 6 * 8)
  })

  it('refuses what is not the set, in one sentence', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'text.mat'), 'hello')
    expect(await failureOf(join(folder, 'text.mat'))).toContain('received no HDF5 file')
    expect(await failureOf(join(folder, 'nothing.mat'))).toContain('received no HDF5 file')
    expect(await failureOf(await nyuFile({ depthsName: 'rawDepths' }))).toContain(
      'no array `depths`',
    )
    expect(await failureOf(await nyuFile({ imagesType: '<b' }))).toContain('type "<b"')
    const imagesShape = [COUNT, 3, HEIGHT, WIDTH]
    expect(await failureOf(await nyuFile({ imagesShape }))).toContain(
      'received images of 24,3,12,16 and depths of 24,16,12',
    )
  })

  it.each<[string, Buffer, string]>([
    ['text', Buffer.from('train: 1, 2'), 'no MATLAB file of Level 5'],
    ['other lists', matFile({ train: [1] }), 'no trainNdxs and testNdxs from 1 to 24'],
    ['numbers beyond the set', matFile({ ...SPLIT, testNdxs: [25] }), 'from 1 to 24'],
    ['fractions', matFile({ ...SPLIT, testNdxs: [1.5] }), 'from 1 to 24'],
    ['an image in both', matFile({ ...SPLIT, testNdxs: [3] }), 'an image twice'],
    ['a cut file', matFile(SPLIT, false).subarray(0, 180), 'ends behind the file'],
    ['damage', matFile(SPLIT).fill(0xff, 140, 160), 'a damaged part'],
  ])('refuses a split of %s', async (_, bytes, message) => {
    expect(await failureOf(await withSplit(bytes))).toContain(message)
  })
})

describe('readMatArrays', () => {
  it('reads lists of numbers in any type, packed or not', () => {
    for (const compressed of [true, false]) {
      const arrays = readMatArrays(matFile({ few: [1, 2], halves: [0.5, -3] }, compressed))
      expect([...arrays]).toEqual([
        ['few', [1, 2]],
        ['halves', [0.5, -3]],
      ])
    }
  })

  it('passes over what holds no numbers', () => {
    const struct = Buffer.concat([matFile({ few: [1] }), matrix('s', [1, 2], 2)])
    expect([...readMatArrays(struct)]).toEqual([['few', [1]]])
  })

  it('does not unpack a small file to gigabytes', () => {
    const bomb = Buffer.concat([matFile({}), element(15, deflateSync(Buffer.alloc(1 << 25)))])
    expect(() => readMatArrays(bomb)).toThrow(MatFileError)
  })
})

async function collect(
  data: ImageData,
  options: Omit<Parameters<typeof batches>[2], 'workers'>,
): Promise<Batch[]> {
  const all: Batch[] = []
  for await (const batch of batches(data, 'test', { ...options, workers: 1 })) all.push(batch)
  return all
}
