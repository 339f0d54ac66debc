// Losses: what they refuse, reverse Huber by hand, gradients by finite differences.
import { describe, expect, it } from 'vitest'
import { tensor } from '../../create.ts'
import { ArgumentError, ShapeError } from '../../errors.ts'
import { ones, zeros } from '../../generated/functions.ts'
import type { Tensor } from '../../tensor.ts'
import { expectClose, gradcheck, numbers, samples } from '../../testing.test.util.ts'
import * as functional from './index.ts'

describe('reverseHuberLoss', () => {
  it('is |e| up to a fifth of the greatest error and a parabola beyond, continuous between', () => {
    const [input, target] = [tensor([0, 1, -2, 10]), zeros([4])]
    const losses = functional.reverseHuberLoss(input, target, { reduction: 'none' })
    expectClose(losses, [0, 1, 2, (100 + 4) / 4])
    expectClose(functional.reverseHuberLoss(input, target), [(0 + 1 + 2 + 26) / 4])
    const slightly = functional.reverseHuberLoss(tensor([2.0001, 10]), zeros([2]), {
      reduction: 'none',
    })
    expect(numbers(slightly)[0]).toBeCloseTo(2.0001, 5)
  })

  it('has gradient 0, not NaN, where there is no error at all', () => {
    const input = ones([3]).requiresGrad_()
    functional.reverseHuberLoss(input, ones([3])).backward()
    expect(numbers(input.grad!)).toEqual([0, 0, 0])
  })

  it('takes c as a constant for the gradient', () => {
    const input = tensor([1, 10]).requiresGrad_()
    functional.reverseHuberLoss(input, zeros([2]), { reduction: 'sum' }).backward()
    expectClose(input.grad!, [1, 10 / 2])
  })
})

describe('gradients', () => {
  const target = samples([6, 3], 5, 0.1, 0.9)
  const labels = tensor([0n, 1n, 2n, 0n, 1n, 2n])
  it.each<[string, (x: Tensor) => Tensor, number, number]>([
    ['crossEntropy', x => functional.crossEntropy(x, labels, { labelSmoothing: 0.1 }), -2, 2],
    ['crossEntropy of probabilities', x => functional.crossEntropy(x, target), -2, 2],
    ['nllLoss', x => functional.nllLoss(x, labels), -2, 2],
    ['binaryCrossEntropy', x => functional.binaryCrossEntropy(x, target), 0.1, 0.9],
    [
      'binaryCrossEntropyWithLogits',
      x => functional.binaryCrossEntropyWithLogits(x, target),
      -2,
      2,
    ],
    ['mseLoss', x => functional.mseLoss(x, target), -2, 2],
    ['l1Loss', x => functional.l1Loss(x, target), 1, 2],
    ['huberLoss', x => functional.huberLoss(x, target, { delta: 0.7 }), -2, 2],
    ['smoothL1Loss', x => functional.smoothL1Loss(x, target, { beta: 0.7 }), -2, 2],
    ['klDiv', x => functional.klDiv(x, target, { reduction: 'batchmean' }), -2, 2],
  ])('of %s are those of finite differences', (_, loss, low, high) => {
    gradcheck(loss, [samples([6, 3], 3, low, high)])
  })
})

describe('a loss', () => {
  it('refuses an unknown reduction', () => {
    const options = { reduction: 'average' as 'mean' }
    for (const loss of [functional.mseLoss, functional.klDiv, functional.reverseHuberLoss])
      expect(() => loss(ones([2]), ones([2]), options)).toThrow(
        'Expected none, mean or sum for `reduction` but received "average".',
      )
    expect(() => functional.crossEntropy(ones([1, 2]), tensor([0n]), options)).toThrow(
      ArgumentError,
    )
  })

  it('of probabilities refuses another shape, which would be broadcast', () => {
    for (const loss of [functional.binaryCrossEntropy, functional.binaryCrossEntropyWithLogits])
      expect(() => loss(ones([2, 1]), ones([2]))).toThrow(ShapeError)
  })
})
