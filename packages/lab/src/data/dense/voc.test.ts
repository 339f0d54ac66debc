import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { picture, RED, temporaryFolder, writeFiles } from '../fixtures.test.util.ts'
import { UNKNOWN as VOID } from './geometry.ts'
import { loadVoc, paletteColour } from './voc.ts'

const LISTS = 'ImageSets/Segmentation'

/** A palette PNG of one row. */
const palettePng = (colours: number[][], palette = true): Promise<Buffer> =>
  sharp(Buffer.from(colours.flat()), { raw: { width: colours.length, height: 1, channels: 3 } })
    .png({ palette })
    .toBuffer()

async function files(): Promise<Record<string, Buffer>> {
  const photograph = await picture(RED, { width: 4, height: 1, format: 'jpeg' })
  return {
    [`${LISTS}/train.txt`]: Buffer.from('2007_000032\n2007_000039\n'),
    [`${LISTS}/val.txt`]: Buffer.from('2007_000033\n'),
    'JPEGImages/2007_000032.jpg': photograph,
    'JPEGImages/2007_000033.jpg': photograph,
    'SegmentationClass/2007_000032.png': await palettePng([0, 1, 15, VOID].map(paletteColour)),
    'SegmentationClass/2007_000033.png': await palettePng([7, 7, 20, 0].map(paletteColour)),
  }
}

async function onDisk(changes: Record<string, Buffer> = {}): Promise<string> {
  const dir = await temporaryFolder()
  await writeFiles(dir, { ...(await files()), ...changes })
  return dir
}

describe('paletteColour', () => {
  it('is that of the VOC development kit', () => {
    expect(paletteColour(0)).toEqual([0, 0, 0])
    expect(paletteColour(1)).toEqual([128, 0, 0])
    expect(paletteColour(7)).toEqual([128, 128, 128])
    expect(paletteColour(15)).toEqual([192, 128, 128])
    expect(paletteColour(20)).toEqual([0, 64, 128])
    expect(paletteColour(VOID)).toEqual([224, 224, 192])
  })
})

describe('loadVoc', () => {
  it('reads a photograph and the class of each of its pixels', async () => {
    const data = await loadVoc(await onDisk())
    expect(data.classes).toHaveLength(21)
    expect(data.train.length).toBe(2)
    const sample = await data.train.read(0)
    expect(sample).toMatchObject({ name: '2007_000032', height: 1, width: 4 })
    expect(sample.labels).toEqual(Uint8Array.of(0, 1, 15, VOID))
    expect(sample.pixels).toHaveLength(12)
    expect((await data.test.read(0)).labels).toEqual(Uint8Array.of(7, 7, 20, 0))
  })

  it('takes the augmented list with its grey label images where it is there', async () => {
    const greys = [3, 0, 20, 255].map(label => [label, label, label])
    const data = await loadVoc(
      await onDisk({
        [`${LISTS}/trainaug.txt`]: Buffer.from('2007_000032'),
        'SegmentationClassAug/2007_000032.png': await palettePng(greys, false),
      }),
    )
    expect(data.train.length).toBe(1)
    expect((await data.train.read(0)).labels).toEqual(Uint8Array.of(3, 0, 20, 255))
  })

  it.each<[string, (data: Awaited<ReturnType<typeof loadVoc>>) => Promise<unknown>, string]>([
    ['a photograph that is missing', data => data.train.read(1), 'number 1, '],
    ['a size that differs', data => data.test.read(0), 'labels of 4x1 pixels but received 2x1'],
    ['a colour of no class', data => data.train.read(0), 'received (1, 2, 3) at pixel 0'],
  ])('names %s', async (_, read, message) => {
    const data = await loadVoc(
      await onDisk({
        'SegmentationClass/2007_000032.png': await palettePng(Array(4).fill([1, 2, 3]), false),
        'SegmentationClass/2007_000033.png': await palettePng([
          [0, 0, 0],
          [0, 0, 0],
        ]),
      }),
    )
    await expect(read(data)).rejects.toThrow(message)
  })

  it('names a list that is missing or holds something else', async () => {
    await expect(loadVoc('/nowhere')).rejects.toThrow('Segmentation/train.txt for `voc:DIR`')
    const strange = { [`${LISTS}/val.txt`]: Buffer.from('../../etc/passwd\n') }
    await expect(loadVoc(await onDisk(strange))).rejects.toThrow('but received "../../etc/passwd"')
    const damaged = { [`${LISTS}/trainaug.txt`]: Buffer.from('\u0000\u0001') }
    await expect(loadVoc(await onDisk(damaged))).rejects.toThrow('names of images, a line each')
    const empty = { [`${LISTS}/val.txt`]: Buffer.from('\n') }
    await expect(loadVoc(await onDisk(empty))).rejects.toThrow('a line each, but received ""')
  })
})
