// interpolate: what it refuses. Values stand in layers-conformance.test.ts.
import { describe, expect, it } from 'vitest'
import { ArgumentError, ShapeError } from '../../errors.ts'
import { zeros } from '../../generated/functions.ts'
import { gradcheck, samples } from '../../testing.test.util.ts'
import { interpolate } from './index.ts'

const image = zeros([1, 2, 4, 6])

describe('interpolate', () => {
  it('takes a size or a factor, not both and not neither', () => {
    expect(interpolate(image, { size: 3 }).shape).toEqual([1, 2, 3, 3])
    expect(interpolate(image, { scaleFactor: [0.5, 1.4] }).shape).toEqual([1, 2, 2, 8])
    expect(() => interpolate(image, {})).toThrow(/received neither/)
    expect(() => interpolate(image, { size: 3, scaleFactor: 2 })).toThrow(/received both/)
  })

  it('refuses a mode for other dimensions, sizes for others, and unknown modes', () => {
    expect(() => interpolate(image, { size: 3, mode: 'linear' })).toThrow(ShapeError)
    expect(() => interpolate(zeros([1, 2, 4]), { size: 3, mode: 'bicubic' })).toThrow(
      /mode for 1 spatial dimensions .* "bicubic" with an input \[1, 2, 4\]/,
    )
    expect(() => interpolate(image, { size: [3] })).toThrow(/one number or 2 for `size`/)
    expect(() => interpolate(image, { size: 3, mode: 'cubic' as 'bicubic' })).toThrow(ShapeError)
  })

  it('refuses alignCorners where there is nothing to align', () => {
    for (const mode of ['nearest', 'nearest-exact', 'area'] as const)
      expect(() => interpolate(image, { size: 3, mode, alignCorners: false })).toThrow(
        ArgumentError,
      )
  })

  it.each(['bilinear', 'bicubic'] as const)('has the gradients of %s', mode => {
    gradcheck(x => interpolate(x, { scaleFactor: 1.5, mode }), [samples([1, 1, 3, 4])])
  })
})
