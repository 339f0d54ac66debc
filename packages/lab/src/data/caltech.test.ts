import { describe, expect, it } from 'vitest'
import { BLUE, picture, RED, tarOf, temporaryFolder, writeFiles } from './fixtures.test.util.ts'
import { loadData } from './load.ts'
import type { FileSet, ImageSet } from './types.ts'

/** The layout of the published archive: two of its classes and the background, of generated images. */
async function files(counts: Record<string, number>): Promise<Record<string, Uint8Array>> {
  const [red, blue] = [await picture(RED), await picture(BLUE)]
  const all: Record<string, Uint8Array> = {}
  for (const [name, count] of Object.entries(counts))
    for (let i = 1; i <= count; i++) {
      const number = String(i).padStart(4, '0')
      all[`101_ObjectCategories/${name}/image_${number}.jpg`] = name === 'anchor' ? red : blue
    }
  return all
}

const COUNTS = { anchor: 42, Faces_easy: 33, BACKGROUND_Google: 5 }

async function onDisk(counts: Record<string, number> = COUNTS): Promise<string> {
  const dir = await temporaryFolder()
  const strays = {
    '101_ObjectCategories/anchor/.DS_Store': Buffer.from('x'),
    'README.txt': Buffer.from('x'),
  }
  await writeFiles(dir, { ...(await files(counts)), ...strays })
  return dir
}

const pathsOf = async (uri: string) => {
  const { train, test } = await loadData(`${uri}decode=each`)
  return [train, test].map(set => (set as FileSet).files.map(({ path }) => path))
}

describe('caltech101:PATH', () => {
  it('trains on 30 of each class and tests on the others, without the background', async () => {
    const data = await loadData(`caltech101:${await onDisk()}?size=8`)
    expect(data).toMatchObject({ classes: ['Faces_easy', 'anchor'], height: 8, width: 8 })
    const [train, test] = [data.train as ImageSet, data.test as ImageSet]
    const counts = ({ labels }: ImageSet) => [0, 1].map(k => labels.filter(x => x === k).length)
    expect([counts(train), counts(test)]).toEqual([
      [30, 30],
      [3, 12],
    ])
    // Red anchors behind blue faces.
    expect([train.images[0], train.images[train.images.length - 3]]).toEqual([10, 200])
  })

  it('draws the split from the seed alone, and no image is in both parts', async () => {
    const uri = `caltech101:${await onDisk()}?`
    const [train, test] = await pathsOf(uri)
    expect(new Set([...train!, ...test!]).size).toBe(75)
    expect(await pathsOf(uri)).toEqual([train, test])
    const [other] = await pathsOf(`${uri}seed=1&`)
    expect(other).not.toEqual(train)
  })

  it('finds the classes in the folder itself, and in an archive', async () => {
    const dir = await onDisk()
    const [inside] = await pathsOf(`caltech101:${dir}/101_ObjectCategories?`)
    expect(inside).toHaveLength(60)
    const archive = await temporaryFolder()
    await writeFiles(archive, { 'caltech.tar': await tarOf(await files(COUNTS)) })
    const data = await loadData(`caltech101:${archive}/caltech.tar?size=8`)
    expect([data.train.length, data.test.length]).toEqual([60, 15])
  })

  it('refuses a class that leaves nothing to test, and a folder without classes', async () => {
    const small = `caltech101:${await onDisk({ anchor: 31, Faces_easy: 30 })}`
    await expect(loadData(small)).rejects.toThrow('more than 30 images a class')
    await expect(loadData(small)).rejects.toThrow('received 30 in Faces_easy')
    const empty = `caltech101:${await temporaryFolder()}`
    await expect(loadData(empty)).rejects.toThrow('received no classes')
  })
})
