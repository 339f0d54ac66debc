import { describe, expect, it } from 'vitest'
import { tensor } from './create.ts'
import { unique, uniqueConsecutive } from './functions.ts'
import { leaked, numbers } from './testing.test.util.ts'

describe('unique', () => {
  const x = tensor([3, 1, 3, 2])

  it('gives each element once, in ascending order', () => {
    expect(numbers(unique(x))).toEqual([1, 2, 3])
  })

  it('gives places and counts where they are asked for', () => {
    const [values, inverse, counts] = unique(x, { returnInverse: true, returnCounts: true })
    expect([values, inverse, counts].map(numbers)).toEqual([
      [1, 2, 3],
      [2, 0, 2, 1],
      [1, 1, 2],
    ])
    const [, only] = unique(x, { returnCounts: true })
    expect(numbers(only)).toEqual([1, 1, 2])
  })

  it('compares slices along a dimension', () => {
    const rows = tensor([
      [1, 2],
      [1, 2],
      [0, 5],
    ])
    expect(unique(rows, { dim: 0 }).toArray()).toEqual([
      [0, 5],
      [1, 2],
    ])
  })

  it('keeps nothing but what it returns', () => {
    expect(leaked(() => unique(x).dispose())).toBe(0)
    expect(leaked(() => uniqueConsecutive(x).dispose())).toBe(0)
  })

  it('is a method too, and so is what looks at neighbours alone', () => {
    expect(numbers(x.unique())).toEqual([1, 2, 3])
    const runs = tensor([1, 1, 3, 1])
    expect(numbers(runs.uniqueConsecutive())).toEqual([1, 3, 1])
    const [, counts] = runs.uniqueConsecutive({ returnCounts: true })
    expect(numbers(counts)).toEqual([2, 1, 1])
  })
})
