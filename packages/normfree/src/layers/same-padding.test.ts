import { arange, ones } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { AvgPool2dSame, MaxPool2dSame, padSame, symmetricPadding } from './same-padding.ts'
import { ScaledStdConv2d } from './scaled-std-conv.ts'

describe('padSame', () => {
  // TensorFlow's rule: max((ceil(n / s) - 1) s + (k - 1) d + 1 - n, 0), the larger half at the end.
  it.each([
    [{ kernelSize: 3, stride: 2 }, [6, 7], [7, 9]],
    [{ kernelSize: 7, stride: 2 }, [224, 75], [229, 81]],
    [{ kernelSize: 3, stride: 1, dilation: 2 }, [5, 5], [9, 9]],
    [{ kernelSize: 2, stride: 1 }, [4, 5], [5, 6]],
    [{ kernelSize: 1, stride: 2 }, [5, 6], [5, 6]],
  ])('of %j turns sides %j into %j', (window, sides, padded) => {
    expect(padSame(ones([1, 1, ...sides]), window).shape.slice(2)).toEqual(padded)
  })

  it('adds the odd element at the end', () => {
    const x = padSame(ones([1, 1, 2, 2]), { kernelSize: 3, stride: 2 }, 5)
    expect(numbers(x)).toEqual([1, 1, 5, 1, 1, 5, 5, 5, 5])
  })
})

describe('symmetricPadding', () => {
  it.each([
    [{ kernelSize: 3, stride: 1 }, 1],
    [{ kernelSize: 3, stride: 2 }, 1],
    [{ kernelSize: 7, stride: 2 }, 3],
    [{ kernelSize: 1, stride: 1 }, 0],
    [{ kernelSize: 3, stride: 1, dilation: 2 }, 2],
  ])('of %j is %d', (window, padding) => {
    expect(symmetricPadding(window)).toBe(padding)
  })
})

describe('pooling padded as SAME', () => {
  const x = arange(-9, 0).view([1, 1, 3, 3])

  it('takes maxima in which padding never wins', () => {
    expect(numbers(new MaxPool2dSame(3, 2)(x))).toEqual([-5, -4, -2, -1])
    expect(numbers(new MaxPool2dSame(2, 2)(x))).toEqual([-5, -4, -2, -1])
  })

  it('takes means in which zeros beyond the edge count', () => {
    const means = numbers(new AvgPool2dSame(2, 1)(x))
    expect(means.slice(0, 3)).toEqual([-7, -6, (-7 - 4) / 4])
    expect(means[8]).toBe(-1 / 4)
  })
})

describe('ScaledStdConv2d with samePadding', () => {
  it.each([6, 7])('puts out ceil(side / stride) positions for a side of %d', side => {
    const conv = new ScaledStdConv2d(1, 2, 3, { stride: 2, samePadding: true })
    expect(conv(ones([1, 1, side, side])).shape).toEqual([
      1,
      2,
      Math.ceil(side / 2),
      Math.ceil(side / 2),
    ])
  })

  it('differs from symmetric padding where the sides are even, and is the same where they are odd', () => {
    const same = new ScaledStdConv2d(1, 2, 3, { stride: 2, samePadding: true })
    const symmetric = new ScaledStdConv2d(1, 2, 3, { stride: 2, padding: 1 })
    symmetric.loadStateDict(same.stateDict())
    const of = (side: number) => {
      const x = arange(side * side, { dtype: 'float32' }).view([1, 1, side, side])
      return [numbers(same(x)), numbers(symmetric(x))]
    }
    const [even, odd] = [of(6), of(7)]
    expect(odd[0]).toEqual(odd[1])
    expect(even[0]).not.toEqual(even[1])
  })

  it.each([
    [[3, 5] as [number, number], {}],
    [3, { padding: 1 }],
  ])('refuses kernel %j with %j', (kernel, options) => {
    const build = () => new ScaledStdConv2d(1, 2, kernel, { ...options, samePadding: true })
    expect(build).toThrow(/Expected a square kernel and no `padding`/)
  })
})
