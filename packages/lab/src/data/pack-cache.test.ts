import { readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { numberedData, picture, RED, tarOf, temporaryFolder } from './fixtures.test.util.ts'
import { loadFolder } from './folder.ts'
import { cachedPack } from './pack-cache.ts'

const data = numberedData(23)
const SPLITS = { train: data.train, test: numberedData(5).test }

async function fresh() {
  const folder = await temporaryFolder()
  const file = join(folder, 'packed', 'x.bin')
  const counts = { built: 0 }
  const load = (key = 'k', side = 4) =>
    cachedPack({ file, key, side }, 'test', async () => {
      counts.built += 1
      return SPLITS
    })
  return { file, folder, counts, load }
}

describe('a packed set on disk', () => {
  it('is built once and read back, in shared memory, with nothing left beside it', async () => {
    const { load, counts, folder } = await fresh()
    await load()
    const again = await load()
    expect(counts.built).toBe(1)
    expect(again).toEqual(SPLITS)
    expect(again.train.images.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(await readdir(join(folder, 'packed'))).toEqual(['x.bin'])
  })

  it('is built anew for another key or side, in place of the old one', async () => {
    const { load, counts } = await fresh()
    await load()
    await load('other')
    await load('other')
    expect(counts.built).toBe(2)
    await load('k')
    expect(counts.built).toBe(3)
  })

  it('is built anew when it was cut anywhere', async () => {
    const { load, counts, file } = await fresh()
    await load()
    const whole = await readFile(file)
    for (const [n, length] of [0, 10, 60, 500, whole.length - 1].entries()) {
      await truncate(file, length)
      expect(await load()).toEqual(SPLITS)
      expect(counts.built).toBe(n + 2)
    }
    expect(await readFile(file)).toEqual(whole)
  })

  it('is built anew when a single bit was changed', async () => {
    const { load, counts, file } = await fresh()
    await load()
    const bytes = await readFile(file)
    for (const at of [3, 130, 400, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 4
      await writeFile(file, changed)
      expect(await load()).toEqual(SPLITS)
    }
    expect(counts.built).toBe(5)
  })

  it('does without when nothing can be written', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), '')
    const key = { file: join(folder, 'file', 'x.bin'), key: 'k', side: 4 }
    expect(await cachedPack(key, 'test', async () => SPLITS)).toBe(SPLITS)
  })
})

describe('an archive of a thousand images', () => {
  it('is decoded at the first start only, and again once it has changed', async () => {
    const cacheDir = await temporaryFolder()
    const red = await picture(RED, { width: 2, height: 2 })
    const files: Record<string, Buffer> = { 'test/a/0.png': red }
    for (let i = 0; i < 999; i++) files[`train/a/${i}.png`] = red
    const archive = join(cacheDir, 'x.tar')
    await writeFile(archive, await tarOf(files))
    const decoded: number[] = []
    const load = async () => {
      let images = 0
      const onProgress = (done: number, _: number, what: string) => {
        if (what === 'decoding') images = done
      }
      const set = await loadFolder(archive, { imageSize: 2, cacheDir, onProgress })
      decoded.push(images)
      return set
    }
    const first = await load()
    expect(await load()).toEqual(first)
    await utimes(archive, 1, 1)
    expect(await load()).toEqual(first)
    expect(decoded).toEqual([1000, 0, 1000])
  })
})
