import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AssembleTask, assemble, drawPlacement } from './assemble.ts'
import { numberedData } from './fixtures.test.util.ts'

const data = numberedData(12)
const PIXELS = 4 * 4

function task(overrides: Partial<AssembleTask> = {}): AssembleTask {
  const { height, width, mean, std } = data
  return {
    ...{ images: data.train.images, height, width, mean, std },
    ...{ augment: null, seed: 0, epoch: 1, indices: Int32Array.of(0), partners: null },
    ...overrides,
  }
}

const keyOf = (seed: number, epoch: number, index: number) => ({
  ...{ seed, epoch, index, isPartner: false },
})

const normalised = (byte: number, channel: number): number =>
  Math.fround((byte / 255 - data.mean[channel]!) / data.std[channel]!)

describe('assemble', () => {
  it('scales bytes to 0..1, subtracts the mean and divides by the deviation, channel by channel', () => {
    const { images: out } = assemble(task({ indices: Int32Array.of(3) }))
    const image = data.train.images.subarray(3 * PIXELS * 3, 4 * PIXELS * 3)
    expect([...out]).toEqual([...image].map((byte, i) => normalised(byte, i % 3)))
  })

  it('gives the whole set mean 0 and deviation 1', () => {
    const { images: out } = assemble(
      task({ indices: Int32Array.from({ length: 12 }, (_, i) => i) }),
    )
    const mean = out.reduce((sum, x) => sum + x, 0) / out.length
    const variance = out.reduce((sum, x) => sum + (x - mean) ** 2, 0) / out.length
    expect(mean).toBeCloseTo(0, 6)
    expect(variance).toBeCloseTo(1, 5)
  })

  it('centres a channel that never varies instead of dividing by zero', () => {
    const images = new Uint8Array(new SharedArrayBuffer(48)).fill(51)
    const { images: out } = assemble(task({ images, mean: [0.2, 0.1, 0.2], std: [0, 0, 0.1] }))
    expect([...out.subarray(0, 3)]).toEqual([0, Math.fround(0.2 - 0.1), 0])
  })

  it('shows exactly the drawn window of the black-padded image, mirrored where drawn', () => {
    const augment = { crop: 2, flip: true }
    for (let index = 0; index < 12; index++) {
      const { images: out } = assemble(task({ augment, indices: Int32Array.of(index) }))
      const { top, left, mirrored } = drawPlacement(augment, keyOf(0, 1, index))
      for (let at = 0; at < out.length; at++) {
        const [y, x, c] = [Math.floor(at / 12), Math.floor(at / 3) % 4, at % 3]
        const [row, column] = [y + top, (mirrored ? 3 - x : x) + left]
        const inside = row >= 0 && row < 4 && column >= 0 && column < 4
        const byte = inside ? data.train.images[index * 48 + (row * 4 + column) * 3 + c]! : 0
        expect(out[at]).toBe(normalised(byte, c))
      }
    }
  })

  it('augments a sample the same in any company', () => {
    const augment = { crop: 2, flip: true }
    const together = assemble(task({ augment, indices: Int32Array.of(5, 1, 7) })).images
    const alone = assemble(task({ augment, indices: Int32Array.of(7) })).images
    expect(together.subarray(2 * 48)).toEqual(alone)
  })
})

describe('drawPlacement', () => {
  it('never shifts by more than the padding, and mirrors only when asked', () => {
    const key = [fc.integer(), fc.nat(1000), fc.nat(100_000)] as const
    fc.assert(
      fc.property(fc.nat(8), fc.boolean(), ...key, (crop, flip, seed, epoch, index) => {
        const { top, left, mirrored } = drawPlacement({ crop, flip }, keyOf(seed, epoch, index))
        return Math.abs(top) <= crop && Math.abs(left) <= crop && (flip || !mirrored)
      }),
    )
  })

  it('uses every shift about equally often, and mirrors half of the images', () => {
    const shifts = new Array<number>(9).fill(0)
    let mirrors = 0
    for (let index = 0; index < 9000; index++) {
      const { top, mirrored } = drawPlacement({ crop: 4, flip: true }, keyOf(0, 0, index))
      shifts[top + 4]!++
      mirrors += Number(mirrored)
    }
    for (const count of shifts) expect(Math.abs(count - 1000)).toBeLessThan(130)
    expect(Math.abs(mirrors - 4500)).toBeLessThan(200)
  })

  it('changes from epoch to epoch and from seed to seed', () => {
    const placements = (seed: number, epoch: number) =>
      Array.from({ length: 20 }, (_, i) =>
        drawPlacement({ crop: 4, flip: true }, keyOf(seed, epoch, i)),
      )
    expect(placements(0, 1)).not.toEqual(placements(0, 2))
    expect(placements(0, 1)).not.toEqual(placements(1, 1))
  })
})
