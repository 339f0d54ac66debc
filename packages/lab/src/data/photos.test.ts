import { join } from 'node:path'
import { from } from '@normfree/torch'
import { preprocess } from 'normfree'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Augmentation } from './augment/augmentation.ts'
import { type BatchOptions, batches } from './batches.ts'
import { DataError } from './errors.ts'
import { tarOf, temporaryFolder, tgzOf, writeFiles } from './fixtures.test.util.ts'
import { loadData } from './load.ts'
import type { ImageData, ImageSet } from './types.ts'

const PLAIN = {
  ...{ batchSize: 4, seed: 0, epoch: 1 },
  ...{ augment: null, shuffle: false, dropLast: false },
} satisfies BatchOptions

const AUGMENT: Augmentation = {
  ...{ crop: 0, flip: true },
  resizedCrop: { area: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: 'random' },
  colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0 },
  mix: { kind: 'deepmind', method: 'mixup_cutmix', alpha: 0.2 },
}

/** A smooth picture of any size as a PNG, in which every pixel says where it is. */
function gradient(width: number, height: number, tone: number): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set([(255 * x) / width, (255 * y) / height, tone], (y * width + x) * 3)
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

async function photographs(): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {}
  for (let i = 0; i < 6; i++) {
    files[`train/a/${i}.png`] = await gradient(40 + 7 * i, 64 - 5 * i, 20 * i)
    files[`train/b/${i}.png`] = await gradient(50, 40 + 3 * i, 255 - 20 * i)
  }
  files['test/a/0.png'] = files['train/a/5.png']!
  files['test/b/0.png'] = files['train/b/5.png']!
  return files
}

async function onDisk(files: Record<string, Buffer>, asked = ''): Promise<ImageData> {
  const dir = await temporaryFolder()
  await writeFiles(dir, files)
  return loadData(`folder:${dir}?size=16&decode=each${asked}`)
}

async function collect(data: ImageData, options: Partial<BatchOptions> = {}) {
  const all = []
  for await (const batch of batches(data, 'train', { ...PLAIN, ...options })) all.push(batch)
  return all
}

const damaged = async () => ({
  ...(await photographs()),
  'train/a/3.png': Buffer.from('no picture'),
})

describe('photographs in files', () => {
  it('give the same bits with one worker and with three, from a folder and from a .tar', async () => {
    const files = await photographs()
    const data = await onDisk(files)
    const one = await collect(data, { augment: AUGMENT, workers: 1 })
    expect(one.map(({ size }) => size)).toEqual([4, 4, 4])
    expect(one[0]!.images).toHaveLength(4 * 16 * 16 * 3)
    expect(await collect(data, { augment: AUGMENT, workers: 3 })).toEqual(one)
    const dir = await temporaryFolder()
    await writeFiles(dir, { 'x.tar': await tarOf(files) })
    const inTar = await loadData(`folder:${join(dir, 'x.tar')}?size=16&decode=each`)
    expect(await collect(inTar, { augment: AUGMENT })).toEqual(one)
    expect(await collect(data, { augment: AUGMENT, epoch: 2 })).not.toEqual(one)
  })

  it('are seen in evaluation as the preprocessing of pretrained weights shows them', async () => {
    const files = await photographs()
    const data = await onDisk(files)
    const view = { cropPct: 0.8, cropMode: 'squash', interpolation: 'bilinear' } as const
    const [batch] = await collect(data, { view })
    const pixels = await sharp(files['train/a/1.png']).raw().toBuffer()
    const settings = { ...view, size: 16, mean: data.mean, std: data.std }
    const wanted = preprocess(from(new Uint8Array(pixels), [59, 47, 3]), settings)
    const seen = from(batch!.images, [4, 16, 16, 3]).permute([0, 3, 1, 2]).narrow(0, 1, 1)
    expect(seen.toArray()).toEqual(wanted.toArray())
  })

  it('show a crop of the whole photograph much as resizing the packed pixels does', async () => {
    const resizedCrop = { area: [1, 1], aspect: [1, 1], interpolation: 'bicubic' as const }
    const square = {
      'train/a/0.png': await gradient(48, 48, 9),
      'test/a/0.png': await gradient(48, 48, 9),
    }
    const augment = { crop: 0, flip: false, resizedCrop }
    const [whole] = await collect(await onDisk(square), { augment })
    const [seen] = await collect(await onDisk(square), {
      view: { cropPct: 1, cropMode: 'center', interpolation: 'bicubic' },
    })
    const difference = whole!.images.map((value, i) => Math.abs(value - seen!.images[i]!))
    expect(Math.max(...difference)).toBeLessThan((3 / 255) * 5)
  })

  it('are padded and cropped in the size of the batch without a resized crop', async () => {
    const data = await onDisk(await photographs())
    const plain = await collect(data, { augment: { crop: 0, flip: false } })
    const shifted = await collect(data, { augment: { crop: 2, flip: false } })
    expect(shifted[0]!.images).toHaveLength(plain[0]!.images.length)
    expect(shifted).not.toEqual(plain)
  })

  it('stop at a damaged one, naming file and index', async () => {
    const data = await onDisk(await damaged())
    const failure = collect(data, { augment: AUGMENT })
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(/\(train\/a\/3\.png, number 3 of its split, in /)
  })

  it('leave a damaged one and its partner out and count it when asked', async () => {
    const data = await onDisk(await damaged(), '&corrupt=skip')
    const [first, ...rest] = await collect(data)
    expect([...first!.indices]).toEqual([0, 1, 2])
    expect(first!).toMatchObject({ size: 3, skipped: 1 })
    expect(first!.images).toHaveLength(3 * 16 * 16 * 3)
    expect(rest.map(({ skipped }) => skipped)).toEqual([0, 0])
    const mixed = await collect(data, { augment: AUGMENT })
    expect(mixed.reduce((sum, { skipped }) => sum + skipped, 0)).toBe(2)
  })

  it('are left out of a packed set, too, and counted', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, await damaged())
    const reports: string[] = []
    const data = await loadData(`folder:${dir}?size=8&corrupt=skip`, {
      onProgress: (done, _, what) => reports.push(`${done} ${what}`),
    })
    expect(data.train.length).toBe(11)
    expect([...(data.train as ImageSet).labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    expect(reports).toContain('1 skipped as damaged')
    await expect(loadData(`folder:${dir}?size=8`)).rejects.toThrow('number 3 of its split')
  })

  it('cannot be read where they lie in a compressed archive', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, { 'x.tar.gz': await tgzOf(await photographs()) })
    await expect(loadData(`folder:${dir}/x.tar.gz?decode=each`)).rejects.toThrow(
      'Unpack it, or leave `decode` out.',
    )
  })

  it.each(['size=0', 'size=big', 'decode=twice', 'corrupt=', 'colour=red', 'holdout=1'])(
    'refuse %s in the URI',
    async asked => {
      await expect(loadData(`folder:/tmp?${asked}`)).rejects.toThrow(
        'Expected size=PIXELS, decode=once|each, corrupt=fail|skip or holdout=N (from 2) for `data`',
      )
    },
  )
})
