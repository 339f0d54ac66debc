import { describe, expect, it } from 'vitest'
import { batches } from './batches.ts'
import { DataError } from './errors.ts'
import {
  BLUE,
  picture,
  RED,
  tarOf,
  temporaryFolder,
  tgzOf,
  writeFiles,
} from './fixtures.test.util.ts'
import { loadData } from './load.ts'
import type { ImageData, ImageSet } from './types.ts'

async function members(): Promise<Record<string, Buffer>> {
  const red = await picture(RED)
  const blue = await picture(BLUE)
  return {
    ...{ 'a/0.png': red, 'a/0.cls': Buffer.from('2\n'), 'a/0.json': Buffer.from('{}') },
    ...{ 'a/1.seg.png': blue, 'a/1.cls': Buffer.from('0') },
  }
}

async function onDisk(files: Record<string, Buffer>): Promise<string> {
  const dir = await temporaryFolder()
  await writeFiles(dir, files)
  return dir
}

const shards = async (changes: Record<string, Buffer> = {}) => {
  const files = await members()
  const one = { 'b/7.png': files['a/0.png']!, 'b/7.cls': Buffer.from('1') }
  return onDisk({
    'train-000.tar': await tarOf({ ...files, ...changes }),
    'train-001.tgz': await tgzOf(one),
    'val/000.tar': await tarOf(one),
  })
}

describe('shards', () => {
  it('pairs the files of a sample by their name up to the first dot', async () => {
    const dir = await shards()
    const data = (await loadData(`shards:${dir}?size=4`)) as ImageData<ImageSet>
    expect(data).toMatchObject({
      name: `shards:${dir}?size=4`,
      classes: ['0', '1', '2'],
      height: 4,
    })
    expect(data.train.labels).toEqual(Int32Array.of(2, 0, 1))
    expect([...data.train.images.subarray(0, 3)]).toEqual([RED.r, RED.g, RED.b])
    expect([...data.train.images.subarray(48, 51)]).toEqual([BLUE.r, BLUE.g, BLUE.b])
    expect(data.test.labels).toEqual(Int32Array.of(1))
  })

  it('reads images where they lie in plain tars, and only there', async () => {
    const files = await members()
    const dir = await onDisk({
      'train.tar': await tarOf(files),
      'test.tar': await tarOf(files),
      'classes.txt': Buffer.from('sky\nsea\nsun\n'),
    })
    const data = await loadData(`shards:${dir}?size=4&decode=each`)
    expect(data.classes).toEqual(['sky', 'sea', 'sun'])
    const options = { batchSize: 2, seed: 0, epoch: 1, shuffle: false, dropLast: false }
    const augment = { crop: 0, flip: false }
    for await (const { images, labels } of batches(data, 'train', { ...options, augment })) {
      expect([...labels]).toEqual([2, 0])
      expect(images[0]).toBeCloseTo((RED.r / 255 - data.mean[0]) / data.std[0], 5)
      expect(images[48]).toBeCloseTo((BLUE.r / 255 - data.mean[0]) / data.std[0], 5)
    }
    await expect(loadData(`shards:${await shards()}?decode=each`)).rejects.toThrow('train-001.tgz')
  })

  it.each<[string, Record<string, Buffer>, string]>([
    ['an image without a class', { 'a/2.png': Buffer.of(1) }, 'Expected a/2.cls beside a/2.png'],
    [
      'a class that is no number',
      { 'a/0.cls': Buffer.from('cat') },
      'in a/0.cls but received "cat"',
    ],
    ['an empty class', { 'a/0.cls': Buffer.from(' ') }, 'in a/0.cls but received " "'],
    ['a class below 0', { 'a/0.cls': Buffer.from('-1') }, 'in a/0.cls but received "-1"'],
  ])('names %s', async (_, changes, message) => {
    const failure = loadData(`shards:${await shards(changes)}`)
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(message)
  })

  it('names the split that is missing, and names of classes that are too few', async () => {
    await expect(loadData(`shards:${await onDisk({})}`)).rejects.toThrow('of the train split')
    const tar = await tarOf(await members())
    const trainOnly = await onDisk({ 'train.tar': tar })
    await expect(loadData(`shards:${trainOnly}`)).rejects.toThrow('of the test split')
    const few = await onDisk({
      'train.tar': tar,
      'test.tar': tar,
      'classes.txt': Buffer.from('a\nb'),
    })
    await expect(loadData(`shards:${few}`)).rejects.toThrow('each of 3 classes')
    await expect(loadData('shards:/nowhere')).rejects.toThrow('/nowhere (ENOENT)')
  })
})
