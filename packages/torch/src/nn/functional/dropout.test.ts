// Dropout: what is dropped, what stays, and the moments that are kept.
import { describe, expect, it } from 'vitest'
import { ArgumentError, ShapeError } from '../../errors.ts'
import { ones, randn } from '../../generated/functions.ts'
import { manualSeed } from '../../random.ts'
import type { Tensor } from '../../tensor.ts'
import { numbers } from '../../testing.test.util.ts'
import * as nn from '../index.ts'

const { functional } = nn

describe('dropout of channels', () => {
  it.each<[string, (x: Tensor) => Tensor, number[]]>([
    ['dropout1d', x => functional.dropout1d(x, 0.25), [50, 100, 4]],
    ['dropout1d without a batch', x => functional.dropout1d(x, 0.25), [5000, 4]],
    ['dropout2d', x => functional.dropout2d(x, 0.25), [50, 100, 2, 2]],
  ])('%s zeroes whole channels with probability p and scales the rest', (_, drop, shape) => {
    manualSeed(2)
    const channels = drop(ones(shape)).view([5000, 4])
    const values = numbers(channels)
    const first = values.filter((_, i) => i % 4 === 0)
    expect(new Set(values.map(value => value.toFixed(4)))).toEqual(new Set(['0.0000', '1.3333']))
    expect(values.every((value, i) => value === first[Math.floor(i / 4)])).toBe(true)
    expect(first.filter(value => value === 0).length / 5000).toBeCloseTo(0.25, 1)
  })

  it('refuses images where it takes lines', () => {
    expect(() => functional.dropout1d(ones([1, 2, 3, 4]))).toThrow(ShapeError)
  })
})

describe('alphaDropout', () => {
  it('keeps mean 0 and variance 1, of elements and of channels', () => {
    manualSeed(3)
    for (const drop of [functional.alphaDropout, functional.featureAlphaDropout]) {
      const y = drop(randn([400, 500]), 0.3, true)
      expect(y.mean().item()).toBeCloseTo(0, 1)
      expect(y.std().item()).toBeCloseTo(1, 1)
    }
  })
})

describe('every dropout', () => {
  const modules = [
    new nn.Dropout(0.9),
    new nn.Dropout1d(0.9),
    new nn.Dropout2d(0.9),
    new nn.AlphaDropout(0.9),
    new nn.FeatureAlphaDropout(0.9),
  ]

  it.each(modules.map((m): [string, nn.Module] => [m.constructor.name, m]))(
    '%s drops in training and returns its input in evaluation',
    (_, module) => {
      const x = ones([8, 8, 8])
      expect(module.train()(x)).not.toBe(x)
      expect(numbers(module(x))).not.toEqual(numbers(x))
      expect(module.eval()(x)).toBe(x)
    },
  )

  it('refuses what is no probability', () => {
    for (const p of [-0.1, 1.1, Number.NaN]) {
      expect(() => new nn.AlphaDropout(p)).toThrow(ArgumentError)
      expect(() => functional.dropout2d(ones([1, 1, 1, 1]), p)).toThrow(ArgumentError)
    }
  })

  it('overwrites its input when it is told to', () => {
    const x = ones([100])
    expect(new nn.Dropout(0.5, { inplace: true })(x)).toBe(x)
    expect(numbers(x)).toContain(0)
  })
})
