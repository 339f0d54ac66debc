// Tensor.at, Tensor.set and iteration: against a model, and where PyTorch's rules are particular.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { from, tensor } from './create.ts'
import { ArgumentError, ShapeError, TorchError } from './errors.ts'
import { broadcastShapes } from './functions.ts'
import * as torch from './generated/functions.ts'
import { cases, modelAt, modelOf, product, toIndex } from './indexing.test.util.ts'
import { type Index, slice } from './indexing.ts'
import { liveTensors, tidy } from './memory.ts'
import type { Tensor } from './tensor.ts'
import { leaked, numbers } from './testing.test.util.ts'

const counting = (shape: number[]): Tensor =>
  torch.arange(0, product(shape), 1, { dtype: 'int32' }).reshape(shape)

describe('at', () => {
  it('is what the model says, for any shape and any indices', () => {
    fc.assert(
      fc.property(cases, ({ shape, indices }) =>
        tidy(() => {
          const expected = modelAt(modelOf(shape), indices)
          const found = counting(shape).at(...indices.map(toIndex))
          expect(found.shape).toEqual(expected.shape)
          expect(numbers(found)).toEqual(expected.flat)
        }),
      ),
      { numRuns: 400 },
    )
  })

  it('gives views for integers, slices and new axes: a write shows in the tensor', () => {
    const x = counting([3, 4])
    x.at(1, slice(1, 3), null).fill_(-1)
    expect(x.toArray()).toEqual([
      [0, 1, 2, 3],
      [4, -1, -1, 7],
      [8, 9, 10, 11],
    ])
    expect(x.at('...').fill_(5)).not.toBe(x)
    expect(numbers(x).every(value => value === 5)).toBe(true)
  })

  it('gives copies for masks and positions', () => {
    const x = counting([4])
    x.at([0, 1]).fill_(9)
    x.at(x.gt(1)).fill_(9)
    expect(numbers(x)).toEqual([0, 1, 2, 3])
  })

  it('takes a mask over several dimensions, and goes on behind it', () => {
    const x = counting([2, 3, 4])
    const mask = tensor([
      [true, false, false],
      [false, true, true],
    ])
    expect(x.at(mask).shape).toEqual([3, 4])
    expect(numbers(x.at(mask, 0))).toEqual([0, 16, 20])
    expect(x.at(mask, slice(0, 2)).toArray()).toEqual([
      [0, 1],
      [16, 17],
      [20, 21],
    ])
    expect(x.at('...', x.at(0, 0).lt(2)).shape).toEqual([2, 3, 2])
  })

  it('broadcasts several lists of positions against each other', () => {
    const x = counting([3, 4])
    expect(numbers(x.at([0, 2], [1, 3]))).toEqual([1, 11])
    const rows = tensor([[0], [2]], { dtype: 'int64' })
    expect(x.at(rows, [1, 3]).toArray()).toEqual([
      [1, 3],
      [9, 11],
    ])
    expect(counting([2, 3, 4]).at([0, 1], slice(), [0, 1]).shape).toEqual([2, 3])
    expect(counting([2, 3, 4]).at(slice(), [0, 1], [2, 3]).shape).toEqual([2, 2])
  })

  it('takes integer tensors of any width, a scalar one as an integer', () => {
    const x = counting([3, 2])
    const two = tensor([2, 0], { dtype: 'int32' })
    expect(x.at(two).toArray()).toEqual([
      [4, 5],
      [0, 1],
    ])
    expect(numbers(x.at(tensor(2, { dtype: 'int64' })))).toEqual([4, 5])
    expect(x.at(tensor(true)).shape).toEqual([1, 3, 2])
    expect(x.at(false).shape).toEqual([0, 3, 2])
  })

  it('is followed by gradients', () => {
    const x = torch.ones([2, 3], { requiresGrad: true })
    x.at(0, [0, 0, 2])
      .sum()
      .add(x.at(slice(1)).mul(3).sum())
      .backward()
    expect(x.grad?.toArray()).toEqual([
      [2, 0, 1],
      [3, 3, 3],
    ])
  })

  it('gives every element as much gradient as it was read, for any shape and any indices', () => {
    fc.assert(
      fc.property(cases, ({ shape, indices }) =>
        tidy(() => {
          const reads = modelOf(shape).flat.map(() => 0)
          for (const place of modelAt(modelOf(shape), indices).flat) reads[place]++
          const x = torch.zeros(shape, { requiresGrad: true })
          x.at(...indices.map(toIndex))
            .sum()
            .backward()
          expect(numbers(x.grad as Tensor)).toEqual(reads)
        }),
      ),
    )
  })

  it.each<[string, Index[], RegExp, new (...args: never[]) => Error]>([
    ['too many indices', [0, 0, 0], /indices for 2 dimensions.* received 3 for shape/, ShapeError],
    ["'...' twice", ['...', '...'], /'...' once at most/, ShapeError],
    ['an index out of range', [3], /out of range|out of bounds/i, TorchError],
    ['a fraction', [0.5], /an integer for `index`/, TorchError],
    ['a negative step', [slice(null, null, -1)], /step must be positive/, TorchError],
    ['an object', [{} as never], /for an index but received \[object Object\]/, ArgumentError],
    ['a mixed array', [[1, true] as never], /array of integers or one of booleans/, ArgumentError],
    ['nested arrays', [[[1]] as never], /For more dimensions give a tensor/, ArgumentError],
    ['a mask of another size', [[true]], /mask|index/i, TorchError],
    ['a tensor of floats', [tensor([0.5])], /tensors used as ind/, TorchError],
  ])('refuses %s', (_, indices, message, type) => {
    const x = counting([3, 2])
    expect(() => x.at(...indices)).toThrow(type)
    expect(() => x.at(...indices)).toThrow(message)
  })

  it('leaves no tensor behind, even where it throws', () => {
    const x = counting([3, 2])
    expect(leaked(() => x.at(null, [0, 1], slice(1)).dispose())).toBe(0)
    expect(leaked(() => expect(() => x.at(null, [7])).toThrow())).toBe(0)
  })
})

describe('set', () => {
  it('writes where the model reads, for any shape and any indices, and nowhere else', () => {
    fc.assert(
      fc.property(cases, ({ shape, indices }) =>
        tidy(() => {
          const written = new Set(modelAt(modelOf(shape), indices).flat)
          const x = counting(shape).set(indices.map(toIndex), -7)
          const expected = modelOf(shape).flat.map(i => (written.has(i) ? -7 : i))
          expect(numbers(x)).toEqual(expected)
        }),
      ),
      { numRuns: 200 },
    )
  })

  it('writes a tensor element by element where at reads, for any shape and any indices', () => {
    fc.assert(
      fc.property(cases, ({ shape, indices }) =>
        tidy(() => {
          const { shape: part, flat: places } = modelAt(modelOf(shape), indices)
          // Of two values for one element either may be kept: equal ones for equal places.
          const values = from(Int32Array.from(places, place => -1 - place)).reshape(part)
          const x = counting(shape).set(indices.map(toIndex), values)
          const written = new Set(places)
          const expected = modelOf(shape).flat.map(i => (written.has(i) ? -1 - i : i))
          expect(numbers(x)).toEqual(expected)
        }),
      ),
    )
  })

  it('broadcasts a tensor, and lets leading dimensions of size 1 pass', () => {
    const x = torch.zeros([2, 3])
    x.set([slice(), slice(1)], tensor([5, 6]))
    x.set([0], tensor([[[1, 2, 3]]]))
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [0, 5, 6],
    ])
    x.set([x.gt(2)], tensor([[-1, -2, -3]]))
    expect(numbers(x)).toEqual([1, 2, -1, 0, -2, -3])
    x.set([[0, 1], 0], tensor(8))
    expect(numbers(x.at(slice(), 0))).toEqual([8, 8])
  })

  it('converts numbers to the dtype, and returns the tensor', () => {
    const x = counting([3])
    expect(x.set([0], 2.9)).toBe(x)
    expect(x.set([[1]], 2.9)).toBe(x)
    expect(numbers(x)).toEqual([2, 2, 2])
  })

  it('refuses a value that does not fit and a leaf that records gradients', () => {
    expect(() => torch.zeros([2, 2]).set([0], torch.ones([3]))).toThrow(TorchError)
    const leaf = torch.zeros([2], { requiresGrad: true })
    expect(() => leaf.set([0], 1)).toThrow(/leaf/)
  })
})

describe('iteration', () => {
  it('gives the views along the first dimension', () => {
    const x = counting([3, 2])
    expect([...x].map(row => row.toArray())).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ])
    for (const row of x) row.fill_(1)
    expect(numbers(x)).toEqual([1, 1, 1, 1, 1, 1])
    expect([x.length, torch.zeros([0]).length, [...torch.zeros([0, 2])].length]).toEqual([3, 0, 0])
  })

  it('leaves the rows to the scope around the loop, or within it', () => {
    const x = counting([100, 2])
    const before = liveTensors().tensors
    tidy(() => {
      for (const row of x)
        tidy(() => {
          row.add(1)
        })
      expect(liveTensors().tensors).toBe(before + 100)
    })
    expect(liveTensors().tensors).toBe(before)
    const [first, second] = tidy(() => [...x])
    expect(numbers(first.add(second))).toEqual([2, 4])
  })

  it('is refused for a scalar', () => {
    expect(() => [...tensor(1)]).toThrow(/not iterable/)
    expect(() => tensor(1).length).toThrow(/received a scalar/)
  })
})

describe('broadcasting', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }).chain(shape => {
    const part = fc
      .record({
        ones: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
        dropped: fc.integer({ min: 0, max: shape.length }),
      })
      .map(({ ones, dropped }) => shape.map((size, i) => (ones[i] ? 1 : size)).slice(dropped))
    return fc.tuple(part, part)
  })

  it('of two operands is what the model says', () => {
    fc.assert(
      fc.property(shapes, ([a, b]) =>
        tidy(() => {
          const shape = broadcastShapes(a, b)
          const place = (from: number[], index: number) => {
            let [rest, at, stride] = [index, 0, 1]
            for (let i = 1; i <= shape.length; i++) {
              const here = rest % (shape.at(-i) as number)
              rest = Math.floor(rest / (shape.at(-i) as number))
              if (i > from.length) continue
              const size = from.at(-i) as number
              at += size === 1 ? 0 : here * stride
              stride *= size
            }
            return at
          }
          const sum = counting(a).mul(100).add(counting(b))
          expect(sum.shape).toEqual(shape)
          expect(numbers(sum)).toEqual(
            Array.from({ length: product(shape) }, (_, i) => 100 * place(a, i) + place(b, i)),
          )
        }),
      ),
    )
  })

  it('is refused where sizes differ, as LibTorch refuses it', () => {
    expect(() => broadcastShapes([2, 3], [4])).toThrow(/broadcast but received \[2, 3\] and \[4\]/)
    expect(() => torch.zeros([2, 3]).add(torch.zeros([4]))).toThrow(TorchError)
    expect(broadcastShapes()).toEqual([])
    expect(broadcastShapes([0, 1], [1])).toEqual([0, 1])
  })
})
