import { nn, tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { unitRatios } from './gradient.ts'

describe('unitRatios', () => {
  it('is the norm of each unit’s gradient over that of its weights, at least eps', () => {
    const weight = new nn.Parameter(
      tensor([
        [3, 4],
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 1],
      ]),
    )
    const unused = new nn.Parameter(tensor([1]))
    weight.grad = tensor([
      [5, 0],
      [0.001, 0],
      [3, 0],
      [8, 0],
      [0, 5],
    ])
    const [ratios, ...others] = unitRatios([
      ['fc.weight', weight],
      ['fc.bias', unused],
    ])
    expect(others).toEqual([])
    expect(ratios).toMatchObject({ name: 'fc.weight', units: 5 })
    const { least, lowerQuartile, median, upperQuartile, largest } = ratios
    ;[least, lowerQuartile, median, upperQuartile, largest].forEach((ratio, i) => {
      expect(ratio).toBeCloseTo([1, 1, 3, 4, 5][i], 5)
    })
  })
})
