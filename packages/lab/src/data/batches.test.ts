import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { type BatchOptions, batches } from './batches.ts'
import { DataError } from './errors.ts'
import { numberedData } from './fixtures.test.util.ts'

const data = numberedData(23)
const PLAIN = {
  ...{ batchSize: 5, seed: 0, epoch: 1 },
  ...{ augment: null, shuffle: true, dropLast: false },
} satisfies BatchOptions
const AUGMENTED: BatchOptions = { ...PLAIN, augment: { crop: 1, flip: true } }

async function collect(options: BatchOptions) {
  const all = []
  for await (const batch of batches(data, 'train', options)) all.push(batch)
  return all
}

const orderOf = async (options: BatchOptions): Promise<number[]> =>
  (await collect(options)).flatMap(batch => [...batch.indices])

/** Pixels of every sample by its index, whatever batch it came in. */
async function imagesByIndex(options: BatchOptions): Promise<Map<number, number[]>> {
  const images = new Map<number, number[]>()
  for (const batch of await collect(options)) {
    const step = batch.images.length / batch.size
    batch.indices.forEach((index, i) => {
      images.set(index, [...batch.images.subarray(i * step, (i + 1) * step)])
    })
  }
  return images
}

describe('batches', () => {
  it('visits each sample once an epoch, with its own label, the last batch being smaller', async () => {
    const all = await collect(PLAIN)
    expect(all.map(batch => batch.size)).toEqual([5, 5, 5, 5, 3])
    const indices = all.flatMap(batch => [...batch.indices])
    expect(indices.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, i) => i))
    expect(all.flatMap(batch => [...batch.labels])).toEqual(indices.map(i => i % 3))
  })

  it('leaves the last, smaller batch out when asked', async () => {
    const all = await collect({ ...PLAIN, dropLast: true })
    expect(all.map(batch => batch.size)).toEqual([5, 5, 5, 5])
  })

  it('yields nothing when a whole batch cannot be filled', async () => {
    expect(await collect({ ...PLAIN, batchSize: 24, dropLast: true })).toEqual([])
  })

  it('keeps the order of the set without shuffling', async () => {
    const order = await orderOf({ ...PLAIN, shuffle: false })
    expect(order).toEqual(Array.from({ length: 23 }, (_, i) => i))
  })

  it('draws one order for each seed and epoch', async () => {
    const order = await orderOf(PLAIN)
    expect(await orderOf(PLAIN)).toEqual(order)
    expect(await orderOf({ ...PLAIN, epoch: 2 })).not.toEqual(order)
    expect(await orderOf({ ...PLAIN, seed: 1 })).not.toEqual(order)
  })

  it('augments a sample the same at any batch size', async () => {
    const small = await imagesByIndex({ ...AUGMENTED, batchSize: 2 })
    const large = await imagesByIndex({ ...AUGMENTED, batchSize: 23 })
    for (const [index, image] of small) expect(large.get(index)).toEqual(image)
    expect(await imagesByIndex(PLAIN)).not.toEqual(large)
  })

  it('may be left early and started again', async () => {
    for await (const batch of batches(data, 'train', PLAIN)) {
      expect(batch.size).toBe(5)
      break
    }
    expect(await collect(PLAIN)).toHaveLength(5)
  })

  it.each([0, -1, 2.5, Number.NaN])('refuses a batch size of %s', async batchSize => {
    const failure = collect({ ...PLAIN, batchSize })
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(
      `Expected a positive integer for \`batchSize\` but received ${batchSize}.`,
    )
  })

  it('lets the process end by itself after the loop was left early', () => {
    const index = new URL('./index.js', import.meta.url).href
    const program = `
      import { batches, loadData } from '${index}'
      const data = await loadData('synthetic')
      const options = { batchSize: 64, seed: 0, epoch: 1, augment: null, shuffle: true, dropLast: true }
      for await (const batch of batches(data, 'train', options)) { console.log(batch.size); break }`
    const args = ['--input-type=module', '--eval', program]
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 })
    expect(run).toMatchObject({ status: 0, stdout: '64\n', stderr: '' })
  })
})
