import { describe, expect, it } from 'vitest'
import { DataError } from './errors.ts'
import { channelStatistics, emptyImageSet } from './image-set.ts'

describe('channelStatistics', () => {
  it('measures each channel on the scale 0..1 with the population deviation', () => {
    const { mean, std } = channelStatistics(
      Uint8Array.of(0, 10, 255, 255, 10, 0, 0, 10, 255, 255, 10, 0),
    )
    expect(mean).toEqual([0.5, 10 / 255, 0.5])
    expect(std).toEqual([0.5, 0, 0.5])
  })
})

describe('emptyImageSet', () => {
  it('shares its memory between threads', () => {
    const set = emptyImageSet(Int32Array.of(0, 1), 3, 'test')
    expect(set.images.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(set.images).toHaveLength(2 * 3 * 3 * 3)
  })

  it('says how much memory a set needs that no machine has', () => {
    const oversized = () => emptyImageSet(new Int32Array(1000), 1_000_000, 'big/')
    expect(oversized).toThrow(DataError)
    expect(oversized).toThrow('1000 images of 1000000x1000000 pixels, 3000000.0 GB (big/)')
  })
})
