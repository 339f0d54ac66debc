import { from, randn, type Tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { TrainError } from './errors.ts'
import { sessionOf, tinyConfig } from './fixtures.test.util.ts'
import { resized, resolutionAt } from './resolution.ts'

describe('resolutionAt', () => {
  const until = (...shares: number[]) =>
    shares.map((share, i) => ({ until: share, resolution: 8 + i }))
  const over = (epochs: number, progressive?: object[]) => {
    const config = tinyConfig({ epochs, ...(progressive && { progressive }) })
    return Array.from({ length: epochs }, (_, i) => resolutionAt(config, i + 1))
  }

  it('follows the phases, and then leaves images as they are', () => {
    expect(over(10, until(0.3, 0.5))).toEqual([8, 8, 8, 9, 9, ...Array(5).fill(undefined)])
    expect(over(3, until(1))).toEqual([8, 8, 8])
    expect(over(4)).toEqual(Array(4).fill(undefined))
  })

  it('begins a phase with the first epoch that starts after the one before', () => {
    expect(over(3, until(0.5, 1))).toEqual([8, 8, 9])
  })
})

describe('resized', () => {
  const shapeOf = ({ shape }: Tensor) => shape

  it('keeps images of that size as they are', () => {
    const images = randn([2, 3, 8, 8])
    expect(resized(images, undefined)).toBe(images)
    expect(resized(images, 8)).toBe(images)
  })

  it('averages over all pixels that are covered, in channels-last', () => {
    const stripes = from(
      Float32Array.from({ length: 3 * 64 }, (_, i) => i % 2),
      [1, 3, 8, 8],
    )
    const small = resized(stripes, 4)
    expect(shapeOf(small)).toEqual([1, 3, 4, 4])
    expect(small.strides[1]).toBe(1)
    const inner = small.slice(3, 1, 3)
    for (const value of inner.flatten().toArray() as number[]) expect(value).toBeCloseTo(0.5, 6)
  })
})

describe('progressive', () => {
  it.each([
    [
      16,
      'Expected resolutions of at most 8 for `progressive`, the size of the images, but received 16. Load them larger (?size=).',
    ],
  ])('refuses %d pixels of images of 8', (resolution, message) => {
    const create = () => sessionOf({ progressive: [{ until: 1, resolution }] })
    expect(create).toThrow(TrainError)
    expect(create).toThrow(message)
  })
})
