import { ArgumentError, from, type Tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { listModels } from '../registry.ts'
import { preprocess } from './preprocess.ts'
import { type Preprocessing, preprocessingOf, withPretrainedCfg } from './preprocessing.ts'

/** Pixels that any language makes: (7 x + 13 y + 29 c + x y) mod 256 at column x, row y, channel c. */
function pixels(height: number, width: number): Tensor {
  const values = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    return (7 * x + 13 * y + 29 * c + x * y) % 256
  })
  return from(values, [height, width, 3])
}

const plain: Preprocessing = {
  ...{ size: 6, cropPct: 0.75, cropMode: 'center', interpolation: 'bicubic' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
}

/** The input as pixels again, channel by channel. */
const pixelsOf = (settings: Preprocessing, height = 20, width = 31) =>
  numbers(preprocess(pixels(height, width), settings).mul(255))

// What Pillow 9.4 and torchvision's arithmetic give: first row of each channel, and the sum of all.
// Pillow rounds between its two passes, this once.
const PILLOW: [
  height: number,
  width: number,
  Partial<Preprocessing>,
  rows: number[][],
  sum: number,
][] = [
  [
    ...([20, 31, {}] as const),
    [
      [128, 157, 191, 199, 166, 109],
      [159, 194, 205, 156, 97, 79],
      [195, 218, 173, 85, 75, 61],
    ],
    13993,
  ],
  [
    ...([31, 20, { interpolation: 'bilinear' }] as const),
    [
      [162, 198, 168, 88, 64, 100],
      [190, 179, 102, 58, 90, 129],
      [200, 139, 56, 81, 119, 158],
    ],
    13691,
  ],
  [
    ...([20, 31, { size: 7, cropMode: 'squash' }] as const),
    [
      [81, 115, 150, 193, 200, 130, 77],
      [110, 144, 186, 203, 139, 83, 60],
      [139, 176, 217, 157, 87, 58, 79],
    ],
    18886,
  ],
  [
    ...([6, 9, { size: 8, cropPct: 0.8 }] as const),
    [
      [20, 25, 29, 33, 38, 42, 46, 51],
      [49, 54, 58, 62, 67, 71, 75, 80],
      [78, 83, 87, 91, 96, 100, 104, 109],
    ],
    19650,
  ],
]

describe('preprocess', () => {
  it.each(PILLOW)(
    'resizes and crops %d x %d pixels as Pillow does (%j)',
    (height, width, change, rows, sum) => {
      const settings = { ...plain, ...change }
      const actual = pixelsOf(settings, height, width)
      const { size } = settings
      const firstRows = rows.map((_, c) => actual.slice(c * size * size, c * size * size + size))
      expect(largestDifference(firstRows.flat(), rows.flat())).toBeLessThan(1.01)
      expect(actual.reduce((total, value) => total + value, 0) / sum).toBeCloseTo(1, 2)
    },
  )

  it('keeps an image of the right size as it is', () => {
    const actual = pixelsOf({ ...plain, cropPct: 1 }, 6, 6)
    const expected = numbers(pixels(6, 6).permute([2, 0, 1]).contiguous())
    expect(largestDifference(actual, expected)).toBeLessThan(1e-4)
  })

  it('takes off the mean and divides by the standard deviation of each channel', () => {
    const mean = [0.1, 0.2, 0.3] as const
    const std = [0.5, 0.25, 2] as const
    const settings: Preprocessing = { ...plain, cropPct: 1 }
    const raw = numbers(preprocess(pixels(6, 6), settings))
    const expected = raw.map(
      (value, i) => (value - mean[Math.floor(i / 36)]) / std[Math.floor(i / 36)],
    )
    const actual = numbers(preprocess(pixels(6, 6), { ...settings, mean, std }))
    expect(largestDifference(actual, expected)).toBeLessThan(1e-5)
  })

  it('gives one image, whatever the ratio of its sides', () => {
    expect(preprocess(pixels(5, 90), plain).shape).toEqual([1, 3, 6, 6])
    expect(preprocess(pixels(90, 5), plain).shape).toEqual([1, 3, 6, 6])
  })

  it.each([[[6, 6]], [[6, 6, 4]]])('refuses pixels of shape %j', shape => {
    const other = from(new Uint8Array(shape.reduce((a, b) => a * b, 1)), shape)
    expect(() => preprocess(other, plain)).toThrow(ArgumentError)
  })

  it('refuses pixels that are not uint8', () => {
    expect(() => preprocess(pixels(6, 6).to('float32'), plain)).toThrow('uint8')
  })
})

describe('preprocessingOf', () => {
  it.each([
    ['nf_resnet50', { size: 288, cropPct: 0.94, cropMode: 'center' }],
    ['nf_regnet_b1', { size: 288, cropPct: 0.9 }],
    ['dm_nfnet_f3', { size: 416, cropPct: 0.94, cropMode: 'squash' }],
    ['eca_nfnet_l2', { size: 384, cropPct: 1, cropMode: 'center' }],
    ['test_nfnet', { size: 160, cropPct: 0.95, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }],
    ['nf_resnet20', { size: 32, cropPct: 1 }],
  ])('knows what timm evaluates the weights of %s with', (name, settings) => {
    expect(preprocessingOf(name)).toMatchObject(settings)
  })

  it('has settings for every model', () => {
    for (const { name } of listModels()) {
      const { size, cropPct } = preprocessingOf(name)
      expect(Math.floor(size / cropPct)).toBeGreaterThanOrEqual(size)
    }
  })
})

describe('withPretrainedCfg', () => {
  it('takes what a model on the hub says of its weights, test sizes first', () => {
    const config = {
      ...{ input_size: [3, 256, 256], test_input_size: [3, 288, 288], crop_pct: 0.94 },
      ...{ interpolation: 'bilinear', crop_mode: 'squash', mean: [0.5, 0.5, 0.5] },
    }
    const expected = {
      ...plain,
      ...{ size: 288, cropPct: 0.94, interpolation: 'bilinear', cropMode: 'squash' },
      mean: [0.5, 0.5, 0.5],
    }
    expect(withPretrainedCfg(plain, config)).toEqual(expected)
    expect(withPretrainedCfg(plain, { input_size: [3, 64, 64] }).size).toBe(64)
    expect(withPretrainedCfg(plain, { crop_pct: 0.9, test_crop_pct: 1 }).cropPct).toBe(1)
  })

  it('keeps what was there in place of values that mean nothing', () => {
    const config = {
      ...{ input_size: 'large', crop_pct: 0, interpolation: 'magic', std: [0, 1, 1], mean: [1] },
    }
    expect(withPretrainedCfg(plain, config)).toEqual(plain)
  })
})
