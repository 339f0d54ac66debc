// Small files, archives and sets for the tests of this folder; not part of the package.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { type Header, pack } from 'tar-stream'
import { onTestFinished } from 'vitest'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet } from './types.ts'

/** A folder that is removed when the running test ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'normfree-data-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A picture of one colour. */
export function picture(
  background: { r: number; g: number; b: number; alpha?: number },
  { width = 8, height = 8, format = 'png' as 'png' | 'jpeg' } = {},
): Promise<Buffer> {
  const channels = background.alpha === undefined ? 3 : 4
  return sharp({ create: { width, height, channels, background } }).toFormat(format).toBuffer()
}

export const RED = { r: 200, g: 10, b: 20 }
export const BLUE = { r: 10, g: 20, b: 200 }

/** Two classes, two train images and one test image each. */
export async function smallFolder(): Promise<Record<string, Buffer>> {
  const red = await picture(RED)
  const blue = await picture(BLUE)
  return {
    'train/red/1.png': red,
    'train/red/0.png': red,
    'train/blue/0.png': blue,
    'train/blue/1.png': blue,
    'test/red/0.png': red,
    'test/blue/0.png': blue,
  }
}

export async function writeFiles(dir: string, files: Record<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), bytes)
  }
}

/** An archive of files, plus entries with headers of the test's own. */
export async function tarOf(
  files: Record<string, Uint8Array>,
  extra: { header: Partial<Header> & { name: string }; bytes?: Uint8Array }[] = [],
): Promise<Buffer> {
  const tar = pack()
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, bytes)
  for (const { header, bytes } of extra) {
    if (bytes) tar.entry(header, bytes)
    else tar.entry(header)
  }
  tar.finalize()
  return buffer(tar as unknown as AsyncIterable<Buffer>)
}

export const tgzOf = async (...args: Parameters<typeof tarOf>): Promise<Buffer> =>
  gzipSync(await tarOf(...args))

/** A set of `length` images of 4x4 pixels, all bytes distinct from their neighbours', in three classes. */
export function numberedData(length: number): ImageData<ImageSet> {
  const side = 4
  const labels = Int32Array.from({ length }, (_, i) => i % 3)
  const set = emptyImageSet(labels, side, 'test')
  for (let i = 0; i < set.images.length; i++) set.images[i] = (i * 37 + (i >> 6)) & 255
  const statistics = channelStatistics(set.images)
  const classes = ['a', 'b', 'c']
  return { name: 'test', classes, height: side, width: side, train: set, test: set, ...statistics }
}
