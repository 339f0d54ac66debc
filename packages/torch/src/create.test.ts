// Tensors from JavaScript values, and the memory they share.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { from, tensor } from './create.ts'
import { ArgumentError, ShapeError } from './errors.ts'
import { liveTensors } from './memory.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, leaked, numbers } from './testing.test.util.ts'

describe('tensor', () => {
  it('gives back rectangular nested arrays of any depth', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
    fc.assert(
      fc.property(shapes, shape => {
        const count = shape.reduce((a, b) => a * b, 1)
        const nested = from(
          Float32Array.from({ length: count }, (_, i) => i / 4),
          shape,
        ).toArray()
        const again = tensor(nested)
        expect(again.shape).toEqual(shape)
        expect(again.toArray()).toEqual(nested)
      }),
    )
  })

  it('takes float32 for numbers, bool for booleans, int64 for bigints, a typed array as it is', () => {
    expect(tensor([1, 2]).dtype).toBe('float32')
    expect(tensor([true, false]).toArray()).toEqual([true, false])
    expect(tensor([1n]).dtype).toBe('int64')
    expect(tensor(Int16Array.of(3)).dtype).toBe('int16')
    expect(tensor(Float64Array.of(3)).dtype).toBe('float64')
    expect([tensor(5).shape, tensor(5).item()]).toEqual([[], 5])
    expect([tensor([]).shape, tensor([[], []]).shape]).toEqual([[0], [2, 0]])
  })

  it('rounds numbers once, to the dtype asked for', () => {
    expect(tensor([0.1], { dtype: 'float64' }).item()).toBe(0.1)
    expect(tensor([2 ** 24 + 1], { dtype: 'int64' }).item()).toBe(2 ** 24 + 1)
    expect(tensor([0.1]).item()).toBe(Math.fround(0.1))
  })

  it('copies a typed array', () => {
    const array = Float32Array.of(1, 2)
    const x = tensor(array)
    array[0] = 9
    expect(numbers(x)).toEqual([1, 2])
  })

  it('makes one tensor and no more', () => {
    const made: Tensor[] = []
    expect(leaked(() => made.push(tensor([1, 2]), tensor(Int8Array.of(1)), tensor([true])))).toBe(3)
  })

  it('wants a gradient when asked, for floating point only', () => {
    expect(tensor([1], { requiresGrad: true }).requiresGrad).toBe(true)
    expect(() => tensor([1n], { requiresGrad: true })).toThrow(
      /requiresGrad_\(Tensor int64\[1\], true\).*floating point/,
    )
  })

  it.each<[string, unknown, RegExp]>([
    ['a shorter row', [[1, 2], [3]], /an array of 2 at depth 1 .* received an array of 1/],
    ['a number among rows', [[1], 2], /an array of 1 at depth 1 .* received a number/],
    ['a row among numbers', [1, [2]], /a number at depth 1 .* received an array of 1/],
    [
      'a deeper row',
      [
        [1, 2],
        [3, [4]],
      ],
      /a number at depth 2/,
    ],
  ])('refuses %s', (_, data, message) => {
    expect(() => tensor(data as never)).toThrow(ShapeError)
    expect(() => tensor(data as never)).toThrow(message)
  })

  it.each<[string, unknown, RegExp]>([
    ['a boolean among numbers', [1, true], /one kind \(number\).* a boolean among them/],
    ['text', 'text', /received a string/],
    ['null', null, /received a object/],
    ['holes', [undefined], /received a undefined/],
    ['integers beyond 64 bits', [2n ** 63n], /64 bits .* received 9223372036854775808/],
    ['a DataView', new DataView(new ArrayBuffer(4)), /typed array .* received DataView/],
    ['an array without a dtype', new Uint32Array(1), /received Uint32Array/],
  ])('refuses %s', (_, data, message) => {
    expect(() => tensor(data as never)).toThrow(ArgumentError)
    expect(() => tensor(data as never)).toThrow(message)
  })
})

describe('from', () => {
  it('takes pairs for complex numbers and bytes for booleans', () => {
    const z = from(Float64Array.of(1, 2, 3, 4), [1, 2], 'complex128')
    expect([z.dtype, z.shape]).toEqual(['complex128', [1, 2]])
    expect(from(Float32Array.of(1, 2, 3, 4), undefined, 'complex64').shape).toEqual([2])
    expect(from(Uint8Array.of(1, 0), [2], 'bool').toArray()).toEqual([true, false])
  })

  it('refuses a dtype that the memory is not, and half a complex number', () => {
    expect(() => from(Float32Array.of(1), [1], 'int32')).toThrow(
      /whose memory is int32 but received Float32Array/,
    )
    expect(() => from(Float32Array.of(1, 2, 3), undefined, 'complex64')).toThrow(/1\.5 elements/)
  })

  it('shares memory both ways, at an offset too', () => {
    const array = new Float32Array(8).subarray(2, 6)
    const x = from(array, [2, 2])
    array[3] = 5
    x.add_(1)
    expect(x.toArray()).toEqual([
      [1, 1],
      [1, 6],
    ])
    expect([...array]).toEqual([1, 1, 1, 6])
  })

  it('takes shared memory of several threads', () => {
    const array = new Float32Array(new SharedArrayBuffer(16), 4, 2)
    from(array).add_(2)
    expect([...array]).toEqual([2, 2])
  })

  it('takes an array of nothing', () => {
    const x = from(new Float32Array(0), [0, 3])
    expect([x.shape, x.data().length, x.sum().item()]).toEqual([[0, 3], 0, 0])
  })

  it.each([[[3]], [[-2, -2]], [[0.5, 8]], [[4, Number.NaN]]])(
    'refuses the shape %j for four elements',
    shape => {
      expect(() => from(new Float32Array(4), shape)).toThrow(ShapeError)
      expect(() => from(new Float32Array(4), shape)).toThrow(/the array's 4 elements/)
    },
  )

  it('keeps the array alive as long as a tensor uses it, and no longer', async () => {
    const [x, array] = (() => {
      const big = new Float32Array(1 << 16).fill(3)
      return [from(big).view([256, 256]), new WeakRef(big)]
    })()
    await collectGarbage()
    expect(x.sum().item()).toBe(3 * 65536)
    x.dispose()
    for (let i = 0; i < 20 && array.deref(); i++) {
      await collectGarbage()
      tensor([1]).dispose()
    }
    expect(array.deref()).toBeUndefined()
  })

  it('does not count the bytes of borrowed memory as the tensor’s own', () => {
    const before = liveTensors().bytes
    const x = from(new Float32Array(1 << 20))
    expect(liveTensors().bytes).toBe(before)
    const y = x.clone()
    expect(liveTensors().bytes - before).toBe(4 << 20)
    y.dispose()
    x.dispose()
  })
})
