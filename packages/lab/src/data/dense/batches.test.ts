import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Augmentation } from '../augment/augmentation.ts'
import { type Batch, type BatchOptions, batches } from '../batches.ts'
import { temporaryFolder, writeFiles } from '../fixtures.test.util.ts'
import { loadData } from '../load.ts'
import type { ImageData } from '../types.ts'
import { checkAugmentation } from './batch.ts'
import { drawView, resizeSample } from './geometry.ts'
import { vocFolder } from './voc.test.util.ts'

const [WIDTH, HEIGHT] = [20, 12]

const OPTIONS: BatchOptions = {
  ...{ batchSize: 2, seed: 3, epoch: 1, workers: 1 },
  ...{ augment: null, shuffle: false, dropLast: false },
}
const AUGMENT: Augmentation = { crop: 0, flip: true, scale: [0.5, 2] }

const dataOf = async (asked = '?size=16') =>
  loadData(`voc:${await vocFolder({ train: 5, test: 2, width: WIDTH, height: HEIGHT })}${asked}`)

async function collect(
  data: ImageData,
  changes: Partial<BatchOptions> = {},
  split: 'train' | 'test' = 'train',
): Promise<Batch[]> {
  const all: Batch[] = []
  for await (const batch of batches(data, split, { ...OPTIONS, ...changes })) all.push(batch)
  return all
}

/** The red bytes of the images of a batch, as they were before they were normalised. */
const redOf = ({ images, size }: Batch, data: ImageData) =>
  Array.from({ length: size * data.height * data.width }, (_, i) =>
    Math.round((images[3 * i]! * data.std[0] + data.mean[0]) * 255),
  )

describe('batches of images with maps', () => {
  it('show the middle, padded with the mean colour and no class, when not augmented', async () => {
    const data = await dataOf()
    const [batch] = await collect(data, {}, 'test')
    expect(batch).toMatchObject({ size: 2, skipped: 0, mixed: null })
    expect(batch!.labels).toHaveLength(0)
    expect(batch!.map).toHaveLength(2 * 16 * 16)
    const map = batch!.map!.subarray(0, 256)
    const red = redOf(batch!, data)
    for (let y = 0; y < 16; y++)
      for (let x = 0; x < 16; x++) {
        // 12 rows of 16, columns 2 to 17 of 20; the left half is class 1, bright.
        const inside = y >= 2 && y < 14
        expect(map[y * 16 + x]).toBe(inside ? (x + 2 < WIDTH / 2 ? 1 : 0) : 255)
        const grey = inside ? (x + 2 < WIDTH / 2 ? 230 : 20) : 124
        expect(Math.abs(red[y * 16 + x]! - grey)).toBeLessThan(8)
      }
  })

  it('are the same with any number of workers, and differ by epoch and seed', async () => {
    const data = await dataOf()
    const one = await collect(data, { augment: AUGMENT, shuffle: true })
    const three = await collect(data, { augment: AUGMENT, shuffle: true, workers: 3 })
    expect(three).toEqual(one)
    const maps = (all: Batch[]) => all.flatMap(({ map }) => [...map!])
    const later = await collect(data, { augment: AUGMENT, shuffle: true, epoch: 2 })
    const other = await collect(data, { augment: AUGMENT, shuffle: true, seed: 4 })
    expect(maps(later)).not.toEqual(maps(one))
    expect(maps(other)).not.toEqual(maps(one))
  })

  it('move image and map alike: what is bright keeps its class', async () => {
    const data = await dataOf()
    const all = await collect(data, { augment: AUGMENT, batchSize: 5 })
    let [agree, known] = [0, 0]
    for (const batch of all)
      for (const [i, grey] of redOf(batch, data).entries()) {
        const label = batch.map![i]!
        if (label === 255) expect(Math.abs(grey - 124)).toBeLessThan(2)
        else {
          known++
          agree += Number(grey > 125 === (label === 1))
        }
      }
    expect(known).toBeGreaterThan(400)
    // Between the two colours the interpolated one may fall to either side.
    expect(agree / known).toBeGreaterThan(0.95)
  })

  it('leave out what cannot be read where they are told to, and name it otherwise', async () => {
    const dir = await vocFolder({ train: 3, test: 1, width: WIDTH, height: HEIGHT })
    await writeFiles(dir, { 'JPEGImages/train_1.jpg': Buffer.from('no image') })
    const strict = await loadData(`voc:${dir}?size=8`)
    await expect(collect(strict)).rejects.toThrow(/number 1, .*train_1\.jpg/)
    const lenient = await loadData(`voc:${dir}?size=8&corrupt=skip`)
    const [first, second] = await collect(lenient)
    expect(first).toMatchObject({ size: 1, skipped: 1 })
    expect([...first!.indices]).toEqual([0])
    expect(first!.images).toHaveLength(8 * 8 * 3)
    expect(second).toMatchObject({ size: 1, skipped: 0 })
    await rm(join(dir, 'JPEGImages'), { recursive: true })
    await expect(collect(lenient)).rejects.toThrow('missing or damaged file')
  })
})

describe('drawView', () => {
  it('puts the window anywhere in a larger image, and a smaller image anywhere in the window', () => {
    const tops = new Set<number>()
    const zooms: number[] = []
    const mirrored = new Set<boolean>()
    for (let index = 0; index < 400; index++) {
      const task = { augment: AUGMENT, height: 10, width: 14 }
      const key = { seed: 0, epoch: 0, index, isPartner: false }
      const view = drawView({ height: 10, width: 20 }, task, key)
      const room = view.size.height - 10
      expect(view.top).toBeGreaterThanOrEqual(Math.min(0, room))
      expect(view.top).toBeLessThanOrEqual(Math.max(0, room))
      expect(view.size).toEqual({
        height: Math.round(10 * view.zoom),
        width: Math.round(20 * view.zoom),
      })
      tops.add(view.top)
      zooms.push(view.zoom)
      mirrored.add(view.mirrored)
    }
    // All places from 5 rows above a half-size image to the last row of a double-size one.
    expect([...tops].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i - 5))
    expect(Math.min(...zooms)).toBeLessThan(0.52)
    expect(Math.max(...zooms)).toBeGreaterThan(1.97)
    expect(mirrored.size).toBe(2)
  })
})

describe('resizeSample', () => {
  it('takes the map of the nearest pixels, and never a value between', () => {
    const image = { data: new Uint8ClampedArray(4 * 2 * 3), height: 2, width: 4 }
    const map = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 255)
    const half = resizeSample({ image, map }, { height: 1, width: 2 })
    expect([...half.map]).toEqual([6, 255])
    const double = resizeSample({ image, map }, { height: 4, width: 8 })
    expect([...double.map.subarray(0, 8)]).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
    expect(double.image.data).toHaveLength(8 * 4 * 3)
  })
})

describe('checkAugmentation', () => {
  it('refuses what images with maps do not know, and scaling of those without', async () => {
    const dense = await dataOf()
    expect(() => checkAugmentation(dense, { ...AUGMENT, mix: { kind: 'none' } })).not.toThrow()
    const mixed: Augmentation = {
      ...AUGMENT,
      mix: { kind: 'timm', mixup: 1, cutmix: 0, probability: 1, switchProbability: 0 },
    }
    expect(() => checkAugmentation(dense, mixed)).toThrow('`augment.mix` for images with maps')
    const plain = await loadData(`folder:${await plainFolder()}`)
    expect(() => checkAugmentation(plain, AUGMENT)).toThrow(
      '`augment.scale` for images without maps',
    )
  })
})

async function plainFolder(): Promise<string> {
  const dir = await temporaryFolder()
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#888' } })
    .png()
    .toBuffer()
  await writeFiles(dir, { 'train/a/0.png': png, 'test/a/0.png': png })
  return dir
}
