import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { assemble } from './assemble.ts'
import { permutation, Rng } from './rng.ts'
import { drawScene } from './synthetic/scene.ts'
import { SHAPES } from './synthetic/shapes.ts'
import { FIGURES, loadSynthetic, SYNTHETIC_SIZES } from './synthetic.ts'
import type { ImageData, ImageSet, Split } from './types.ts'

const IMAGE_BYTES = 32 * 32 * 3
const data = await loadSynthetic({})

/** Multinomial logistic regression by plain SGD; the share of right answers on each split. */
function linearAccuracy(set: ImageData<ImageSet>, epochs: number): Record<Split, number> {
  const classes = set.classes.length
  const weights = new Float64Array(classes * IMAGE_BYTES)
  const biases = new Float64Array(classes)
  const images = { train: normalised(set, 'train'), test: normalised(set, 'test') }
  const scores = (x: Float32Array) =>
    biases.map((bias, k) => {
      let sum = bias
      for (let i = 0, w = k * IMAGE_BYTES; i < IMAGE_BYTES; i++) sum += weights[w + i]! * x[i]!
      return sum
    })
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.0003 * (1 - epoch / epochs)
    for (const n of permutation(set.train.length, new Rng(epoch))) {
      const x = images.train[n]!
      const z = scores(x)
      const largest = Math.max(...z)
      const exps = z.map(value => Math.exp(value - largest))
      const total = exps.reduce((sum, e) => sum + e, 0)
      for (let k = 0; k < classes; k++) {
        const step = rate * (exps[k]! / total - Number(k === set.train.labels[n]))
        biases[k]! -= step
        for (let i = 0, w = k * IMAGE_BYTES; i < IMAGE_BYTES; i++) weights[w + i]! -= step * x[i]!
      }
    }
  }
  const accuracy = (split: Split) => {
    const right = images[split].filter((x, n) => {
      const z = scores(x)
      return z.indexOf(Math.max(...z)) === set[split].labels[n]
    })
    return right.length / set[split].length
  }
  return { train: accuracy('train'), test: accuracy('test') }
}

function normalised(set: ImageData<ImageSet>, split: Split): Float32Array[] {
  const { height, width, mean, std } = set
  const plain = { augment: null, partners: null, seed: 0, epoch: 0 }
  const task = { images: set[split].images, height, width, mean, std, ...plain }
  return Array.from(
    { length: set[split].length },
    (_, i) => assemble({ ...task, indices: Int32Array.of(i) }).images,
  )
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('synthetic', () => {
  it('holds ten balanced classes of 32x32 pictures', () => {
    expect(data).toMatchObject({ name: 'synthetic', height: 32, width: 32 })
    expect(data.classes).toHaveLength(10)
    for (const split of ['train', 'test'] as const) {
      const counts = new Array<number>(10).fill(0)
      for (const label of data[split].labels) counts[label]!++
      expect(counts).toEqual(new Array(10).fill(SYNTHETIC_SIZES[split] / 10))
    }
  })

  it('is the same to the byte wherever it is made', () => {
    expect(digest(data.test.images)).toBe(
      'a34996a0b241208410e05041d8413309ede457cd09e5c06299e3f04506ce1f23',
    )
  })

  it('draws any picture alone, as a function of seed, split and index', () => {
    const pixels = new Uint8Array(IMAGE_BYTES)
    drawScene(pixels, FIGURES[7]!, new Rng(0, 1, 1237))
    expect(pixels).toEqual(
      new Uint8Array(data.test.images.subarray(1237 * IMAGE_BYTES, 1238 * IMAGE_BYTES)),
    )
  })

  it('draws other pictures for another seed', async () => {
    const other = await loadSynthetic({ seed: 1 })
    expect(digest(other.test.images)).not.toBe(digest(data.test.images))
    expect(other.test.labels).toEqual(data.test.labels)
  })

  it('repeats no picture within or across the splits', () => {
    const seen = new Set<string>()
    for (const { images } of [data.train, data.test]) {
      for (let at = 0; at < images.length; at += IMAGE_BYTES) {
        seen.add(digest(images.subarray(at, at + IMAGE_BYTES)))
      }
    }
    expect(seen.size).toBe(SYNTHETIC_SIZES.train + SYNTHETIC_SIZES.test)
  })

  it('keeps a linear classifier on the pixels under 60%, though hue and place help it to learn', () => {
    const { train, test } = linearAccuracy(data, 6)
    expect(train).toBeGreaterThan(0.5)
    expect(test).toBeLessThan(0.5)
  })

  it('stops when it is aborted, with the reason given', async () => {
    const reason = new Error('changed my mind')
    const options = { signal: AbortSignal.abort(reason) }
    await expect(loadSynthetic(options)).rejects.toBe(reason)
  })
})

describe('SHAPES', () => {
  it.each(Object.entries(SHAPES))(
    '%s stays inside the reach within which it is drawn',
    (_, shape) => {
      for (let turn = 0; turn < 360; turn++) {
        const angle = (turn * Math.PI) / 180
        expect(shape(1.3 * Math.cos(angle), 1.3 * Math.sin(angle))).toBeGreaterThan(0.1)
      }
    },
  )

  it.each(Object.entries(SHAPES))(
    '%s covers between a seventh and two thirds of its square',
    (_, shape) => {
      let inside = 0
      for (let i = 0; i < 100; i++) {
        for (let j = 0; j < 100; j++) inside += Number(shape(i / 50 - 0.99, j / 50 - 0.99) < 0)
      }
      expect(inside / 10_000).toBeGreaterThan(1 / 7)
      expect(inside / 10_000).toBeLessThan(2 / 3)
    },
  )
})
