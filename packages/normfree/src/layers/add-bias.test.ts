import { full, manualSeed, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { AddBias } from './add-bias.ts'

beforeEach(() => manualSeed(12))

const constant = (value: number): Tensor => full([2, 3, 4, 4], value)
const first = (y: Tensor): number => numbers(y)[0]

describe('AddBias', () => {
  it('takes the batch’s own mean out at first', () => {
    const y = new AddBias(3)(randn([4, 3, 5, 5]).add(7))
    expect(Math.max(...numbers(y.mean([0, 2, 3])).map(Math.abs))).toBeLessThan(1e-5)
    const flat = new AddBias(3, { dimensions: 2 })(randn([9, 3]).add(7))
    expect(Math.max(...numbers(flat.mean([0])).map(Math.abs))).toBeLessThan(1e-5)
  })

  it('takes out the average over its first batches, and that for good', () => {
    const layer = new AddBias(3, { batches: 2 })
    const outputs = [3, 5, 10, 4].map(value => first(layer(constant(value))))
    expect(outputs).toEqual([0, 1, 6, 0])
    expect(layer.count.item()).toBe(2)
  })

  it('counts a pass in evaluation too, as its authors’ code', () => {
    const layer = new AddBias(3).eval()
    layer(constant(1))
    expect(layer.count.item()).toBe(1)
  })

  it('counts its bias a hundredth until the mean stands', () => {
    const layer = new AddBias(3, { batches: 1 })
    noGrad(() => layer._bias.fill_(2))
    expect(first(layer(constant(1)))).toBeCloseTo(0.02, 6)
    expect(first(layer(constant(1)))).toBeCloseTo(2, 6)
  })

  it('is a plain bias with 0 batches', () => {
    const layer = new AddBias(3, { batches: 0 })
    const x = randn([2, 3, 4, 4])
    expect(largestDifference(numbers(layer(x)), numbers(x))).toBe(0)
    layer(x).sum().backward()
    expect(numbers(layer._bias.grad!)).toEqual([32, 32, 32])
  })

  it('does not change the gradient of its input, of which the mean is detached', () => {
    const x = randn([2, 3, 4, 4]).requiresGrad_()
    new AddBias(3)(x).sum().backward()
    expect(new Set(numbers(x.grad!))).toEqual(new Set([1]))
  })

  it('has the names and shapes of its authors’ code', () => {
    const shapes = (layer: AddBias) =>
      Array.from(layer.stateDict(), ([name, { shape }]) => [name, shape])
    expect(shapes(new AddBias(3))).toEqual([
      ['_bias', [1, 3, 1, 1]],
      ['count', []],
      ['init_mean', [1, 3, 1, 1]],
    ])
    expect(shapes(new AddBias(3, { dimensions: 2 }))[0]).toEqual(['_bias', [1, 3]])
  })
})
