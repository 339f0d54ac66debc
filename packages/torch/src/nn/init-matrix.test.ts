// Initialisers of matrices and kernels: what they promise of the result.
import { describe, expect, it } from 'vitest'
import { ArgumentError, ShapeError } from '../errors.ts'
import { empty, eye, randn } from '../generated/functions.ts'
import { manualSeed } from '../random.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

const { dirac_, eye_, orthogonal_, sparse_ } = nn.init

describe('eye_', () => {
  it('is the identity as far as it goes', () => {
    expect(numbers(eye_(empty([2, 3])))).toEqual([1, 0, 0, 0, 1, 0])
    expect(() => eye_(empty([2]))).toThrow(ShapeError)
  })
})

describe('dirac_', () => {
  it.each<[number[], number]>([
    [[4, 4, 3], 1],
    [[4, 4, 3, 3], 1],
    [[4, 2, 3, 3], 2],
    [[4, 1, 1, 1], 4],
  ])('of shape %j in %i groups makes a convolution that passes its input on', (shape, groups) => {
    const x = randn(shape.length === 3 ? [2, 4, 6] : [2, 4, 6, 5])
    const weight = dirac_(empty(shape), groups)
    const convolve = (shape.length === 3
      ? nn.functional.conv1d
      : nn.functional.conv2d) as unknown as typeof nn.functional.convTranspose1d
    const padding = Math.floor(shape[2] / 2)
    expect(numbers(convolve(x, weight, null, 1, padding, 1, groups))).toEqual(numbers(x))
  })

  it('refuses matrices, and groups that do not divide', () => {
    expect(() => dirac_(empty([2, 2]))).toThrow(ShapeError)
    expect(() => dirac_(empty([3, 2, 1]), 2)).toThrow(ArgumentError)
  })
})

describe('orthogonal_', () => {
  it.each([[[6, 4]], [[4, 6]], [[4, 2, 3, 3]]])(
    'of shape %j has orthonormal rows or columns',
    shape => {
      manualSeed(0)
      const q = orthogonal_(empty(shape), 2).flatten(1)
      const [rows, columns] = q.shape
      const gram = rows < columns ? q.matmul(q.t()) : q.t().matmul(q)
      expectClose(gram, numbers(eye(Math.min(rows, columns)).mul(4)))
    },
  )

  it('leaves a parameter a leaf and nothing behind', () => {
    const { weight } = new nn.Linear(3, 3)
    expect(leaked(() => orthogonal_(weight))).toBe(0)
    expect([weight.isLeaf, weight.requiresGrad]).toEqual([true, true])
    expect(() => orthogonal_(empty([3]))).toThrow(ShapeError)
  })
})

describe('sparse_', () => {
  it('has that share of zeros in every column, normal values elsewhere', () => {
    manualSeed(0)
    const weight = sparse_(empty([100, 50]), 0.255, 0.5)
    expect(numbers(weight.eq(0).sum(0))).toEqual(Array(50).fill(26))
    const others = numbers(weight).filter(value => value !== 0)
    const square = others.reduce((sum, value) => sum + value ** 2, 0) / others.length
    expect(Math.sqrt(square)).toBeCloseTo(0.5, 1)
    expect(() => sparse_(empty([2, 2, 2]), 0.5)).toThrow(ShapeError)
  })
})
