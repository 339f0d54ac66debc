import { spawnSync } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { DataError } from './errors.ts'
import {
  BLUE,
  picture,
  RED,
  smallFolder,
  tarOf,
  temporaryFolder,
  tgzOf,
  writeFiles,
} from './fixtures.test.util.ts'
import { loadFolder } from './folder.ts'

async function failureOf(path: string): Promise<string> {
  const error = await loadFolder(path, { imageSize: 4 }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  expect((error as DataError).message).not.toContain('\n')
  return (error as DataError).message
}

async function onDisk(files: Record<string, Uint8Array>): Promise<string> {
  const dir = await temporaryFolder()
  await writeFiles(dir, files)
  return dir
}

/** The one train image of class `a`, loaded at the given size. */
async function pixelsOf(image: Buffer, imageSize: number): Promise<number[]> {
  const dir = await onDisk({ 'train/a/0.png': image, 'test/a/0.png': image })
  return [...(await loadFolder(dir, { imageSize })).train.images]
}

describe('folder', () => {
  it('gives the same set from a folder, a .tar and a .tar.gz', async () => {
    const files = await smallFolder()
    const dir = await onDisk(files)
    await writeFile(join(dir, 'x.tar'), await tarOf(files))
    const shuffled = Object.fromEntries(Object.entries(files).reverse())
    await writeFile(join(dir, 'x.tar.gz'), await tgzOf(shuffled))
    const { name, ...fromDisk } = await loadFolder(dir, { imageSize: 8 })
    expect(name).toBe(`folder:${dir}`)
    expect(fromDisk.classes).toEqual(['blue', 'red'])
    expect(fromDisk.train.labels).toEqual(Int32Array.of(0, 0, 1, 1))
    expect([...fromDisk.train.images.subarray(0, 3)]).toEqual([BLUE.r, BLUE.g, BLUE.b])
    expect([...fromDisk.test.images.subarray(-3)]).toEqual([RED.r, RED.g, RED.b])
    expect(await loadFolder(join(dir, 'x.tar'), { imageSize: 8 })).toMatchObject(fromDisk)
    expect(await loadFolder(join(dir, 'x.tar.gz'), { imageSize: 8 })).toMatchObject(fromDisk)
  })

  it('resizes the shorter side and keeps the middle', async () => {
    const sides = { width: 16, height: 16 }
    const [left, middle, right] = [
      await picture({ r: 255, g: 0, b: 0 }, sides),
      await picture({ r: 0, g: 255, b: 0 }, sides),
      await picture({ r: 0, g: 0, b: 255 }, sides),
    ]
    const wide = await sharp({
      create: { width: 48, height: 16, channels: 3, background: 'black' },
    })
      .composite([left, middle, right].map((input, i) => ({ input, left: 16 * i, top: 0 })))
      .png()
      .toBuffer()
    const pixels = await pixelsOf(wide, 8)
    expect(pixels).toHaveLength(8 * 8 * 3)
    const centre = pixels.slice((4 * 8 + 4) * 3, (4 * 8 + 4) * 3 + 3)
    expect(centre).toEqual([0, 255, 0])
  })

  it('spreads greys, drops transparency, and reads 16-bit images', async () => {
    const grey = await sharp(await picture({ r: 90, g: 90, b: 90 }))
      .toColourspace('b-w')
      .png()
      .toBuffer()
    expect(await pixelsOf(grey, 1)).toEqual([90, 90, 90])
    const clear = await picture({ r: 90, g: 60, b: 30, alpha: 0.5 })
    // Resizing weighs colours by their opacity, which may round a step down.
    expect(await pixelsOf(clear, 1)).toEqual([89, 59, 29])
    const deep = await sharp(await picture(RED))
      .toColourspace('rgb16')
      .png()
      .toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect(await pixelsOf(deep, 1)).toEqual([RED.r, RED.g, RED.b])
  })

  it('reports images as they are decoded, up to the last', async () => {
    const reports: [number, number, string][] = []
    const options = {
      imageSize: 4,
      onProgress: (...report: [number, number, string]) => reports.push(report),
    }
    await loadFolder(await onDisk(await smallFolder()), options)
    expect(reports[0]).toEqual([0, 0, 'listing'])
    expect(reports.at(-1)).toEqual([6, 6, 'decoding'])
  })

  it('names the image that does not decode, inside the archive too', async () => {
    const files = { ...(await smallFolder()), 'test/red/9.png': Buffer.from('no image') }
    const dir = await onDisk(files)
    expect(await failureOf(dir)).toContain(
      `damaged or unknown file (test/red/9.png, number 2 of its split, in ${dir}: `,
    )
    const archive = join(dir, 'x.tgz')
    await writeFile(archive, await tgzOf(files))
    expect(await failureOf(archive)).toContain(
      `(test/red/9.png, number 2 of its split, in ${archive}: `,
    )
  })

  it('refuses an image that was cut short', async () => {
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) & 255))
    const raw = { width: 64, height: 64, channels: 3 } as const
    const jpeg = await sharp(noise, { raw }).jpeg().toBuffer()
    const cut = { 'train/red/2.jpg': jpeg.subarray(0, jpeg.length >> 1) }
    expect(await failureOf(await onDisk({ ...(await smallFolder()), ...cut }))).toContain(
      'train/red/2.jpg',
    )
  })

  it('refuses an archive that was cut short', async () => {
    const path = join(await temporaryFolder(), 'x.tar.gz')
    const whole = await tgzOf(await smallFolder())
    await writeFile(path, whole.subarray(0, whole.length >> 1))
    expect(await failureOf(path)).toContain('Expected a whole archive for `data`')
  })

  it('says what is wrong with a path that leads nowhere or to something else', async () => {
    const dir = await temporaryFolder()
    expect(await failureOf(join(dir, 'gone'))).toContain(`received ${join(dir, 'gone')} (ENOENT)`)
    await writeFile(join(dir, 'x.zip'), 'PK')
    expect(await failureOf(join(dir, 'x.zip'))).toContain('a file of another kind')
    expect(await failureOf(dir)).toContain('received no train folder with classes')
  })

  it('names a file that cannot be read', async () => {
    const dir = await onDisk(await smallFolder())
    await symlink(join(dir, 'gone'), join(dir, 'train/red/9.png'))
    expect(await failureOf(dir)).toContain(`received ENOENT (${join(dir, 'train/red/9.png')})`)
  })

  it.each([0, -3, 1.5])('refuses an image size of %s', async imageSize => {
    await expect(loadFolder('/nowhere', { imageSize })).rejects.toThrow(
      `Expected a positive integer for \`imageSize\` but received ${imageSize}.`,
    )
  })

  it('stops decoding when it is aborted, with the reason given', async () => {
    const dir = await onDisk(await smallFolder())
    const controller = new AbortController()
    const onProgress = () => controller.abort(new RangeError('stopped'))
    const options = { imageSize: 4, onProgress, signal: controller.signal }
    await expect(loadFolder(dir, options)).rejects.toThrow('stopped')
  })

  it('lets the process end by itself after a load, good or bad', async () => {
    const files = await smallFolder()
    const good = await onDisk(files)
    const bad = await onDisk({ ...files, 'train/red/0.png': Buffer.from('no image') })
    const program = `
      import { loadData } from '${new URL('./index.js', import.meta.url).href}'
      console.log((await loadData('folder:${good}')).train.length)
      await loadData('folder:${bad}').catch(error => console.log(error.name))`
    const args = ['--input-type=module', '--eval', program]
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 })
    expect(run).toMatchObject({ status: 0, stdout: '4\nDataError\n', stderr: '' })
  })
})
