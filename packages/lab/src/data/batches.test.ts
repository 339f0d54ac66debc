import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { Augmentation } from './augment/augmentation.ts'
import type { TimmMix } from './augment/mix.ts'
import { type BatchOptions, batches } from './batches.ts'
import { DataError } from './errors.ts'
import { numberedData } from './fixtures.test.util.ts'

const data = numberedData(23)
const PLAIN = {
  ...{ batchSize: 5, seed: 0, epoch: 1 },
  ...{ augment: null, shuffle: true, dropLast: false },
} satisfies BatchOptions
const AUGMENTED: BatchOptions = { ...PLAIN, augment: { crop: 1, flip: true } }

/** Everything that may change an image, in each reading. */
const EVERYTHING: Record<string, Augmentation> = {
  timm: {
    ...{ crop: 0, flip: true },
    resizedCrop: { area: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: 'random' },
    colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    randAugment: {
      ...{ kind: 'timm', layers: 2, magnitude: 9, magnitudeStd: 0.5 },
      ...{ increasing: true, probability: 0.5 },
    },
    mix: { kind: 'timm', mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 },
    erase: { probability: 0.5, area: [0.02, 0.33], aspect: 0.3, mode: 'pixel', count: 1 },
  },
  deepmind: {
    ...{ crop: 1, flip: true },
    randAugment: { kind: 'deepmind', layers: 4, magnitude: 5, afterMix: true },
    mix: { kind: 'deepmind', method: 'mixup_cutmix', alpha: 0.2 },
  },
}

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

  it.each(Object.keys(EVERYTHING))(
    'gives the same bits with one worker and with three, everything of %s on',
    async kind => {
      const options = { ...PLAIN, augment: EVERYTHING[kind]! }
      const one = await collect(options)
      expect(await collect({ ...options, workers: 3 })).toEqual(one)
      expect(await collect({ ...options, seed: 1 })).not.toEqual(one)
    },
  )

  it.each(Object.keys(EVERYTHING))(
    'gives, from a start on, the very batches that follow it, everything of %s on',
    async kind => {
      const options = { ...PLAIN, augment: EVERYTHING[kind]! }
      const all = await collect(options)
      for (const start of [0, 2, 4, 5])
        expect(await collect({ ...options, start })).toEqual(all.slice(start))
    },
  )

  it.each(Object.keys(EVERYTHING))(
    'gives mixed labels of %s whose weights are shares',
    async kind => {
      for (const { labels, mixed } of await collect({ ...PLAIN, augment: EVERYTHING[kind]! })) {
        expect(mixed!.partners).toHaveLength(labels.length)
        expect(mixed!.weights).toHaveLength(labels.length)
        for (const weight of mixed!.weights) {
          expect(weight).toBeGreaterThanOrEqual(0)
          expect(weight).toBeLessThanOrEqual(1)
        }
      }
    },
  )

  it('pairs the batch with itself reversed in the reading of timm', async () => {
    const mix = { ...(EVERYTHING.timm!.mix as TimmMix), cutmix: 0 }
    const plain = await collect(PLAIN)
    const mixed = await collect({ ...PLAIN, augment: { crop: 0, flip: false, mix } })
    mixed.forEach(({ images, labels, mixed }, n) => {
      expect(mixed!.partners).toEqual(labels.toReversed())
      const [weight] = mixed!.weights
      const original = plain[n]!.images
      const last = original.length - 48
      for (let i = 0; i < 48; i++)
        expect(images[i]).toBeCloseTo(
          weight! * original[i]! + (1 - weight!) * original[last + i]!,
          5,
        )
    })
  })

  it('shows the whole image when a resized crop must be all of it', async () => {
    const resizedCrop = { area: [1, 1], aspect: [1, 1], interpolation: 'bicubic' as const }
    const whole = await imagesByIndex({ ...PLAIN, augment: { crop: 0, flip: false, resizedCrop } })
    expect(whole).toEqual(await imagesByIndex(PLAIN))
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
