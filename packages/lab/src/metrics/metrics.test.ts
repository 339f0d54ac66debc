import { ArgumentError, ShapeError, tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { DepthMetrics } from './depth.ts'
import { reverseHuber } from './reverse-huber.ts'
import { ConfusionMatrix } from './segmentation.ts'

describe('ConfusionMatrix', () => {
  it('gives the intersection over union of each class, counted by hand', () => {
    const confusion = new ConfusionMatrix(3)
    confusion.add([0, 0, 1, 1, 0], [0, 0, 0, 1, 1])
    expect(confusion.at(0, 1)).toBe(1)
    // Class 0: 2 right of 4 that are or were called it; class 1: 1 of 3; class 2 does not occur.
    expect(confusion.iou()).toEqual([2 / 4, 1 / 3, Number.NaN])
    expect(confusion.meanIoU()).toBeCloseTo((2 / 4 + 1 / 3) / 2, 12)
    expect(confusion.pixelAccuracy()).toBeCloseTo(3 / 5, 12)
  })

  it('counts a class that is only ever predicted as wholly missed', () => {
    const confusion = new ConfusionMatrix(2)
    confusion.add([1, 0], [0, 0])
    expect(confusion.iou()).toEqual([1 / 2, 0])
  })

  it('is the same in one batch and in several, and leaves void pixels out', () => {
    const whole = new ConfusionMatrix(3)
    whole.add([0, 1, 2, 2], [0, 2, 2, 1])
    const parts = new ConfusionMatrix(3)
    parts.add(Uint8Array.of(0, 1, 0), Uint8Array.of(0, 2, 255))
    parts.add(Uint8Array.of(2, 2), Uint8Array.of(2, 1))
    expect(parts.iou()).toEqual(whole.iou())
  })

  it('refuses numbers that are no class, and lengths that differ', () => {
    const confusion = new ConfusionMatrix(3)
    expect(() => confusion.add([3], [0])).toThrow(ArgumentError)
    expect(() => confusion.add([0], [-1])).toThrow('Expected classes 0 to 2')
    expect(() => confusion.add([0], [0, 1])).toThrow('but received 1 and 2')
  })
})

describe('DepthMetrics', () => {
  it('gives the five figures of depths judged by hand', () => {
    const metrics = new DepthMetrics()
    // Ratios 1.2, 1.5, 1.9 and 2.5: within one, two, three and no power of 1.25.
    metrics.add([1.2, 2], [1, 3])
    metrics.add([1.9, 1], [1, 2.5])
    const { delta1, delta2, delta3, rms, rel } = metrics.figures()
    expect([delta1, delta2, delta3]).toEqual([1 / 4, 2 / 4, 3 / 4])
    expect(rms).toBeCloseTo(Math.sqrt((0.2 ** 2 + 1 + 0.9 ** 2 + 1.5 ** 2) / 4), 12)
    expect(rel).toBeCloseTo((0.2 + 1 / 3 + 0.9 + 1.5 / 2.5) / 4, 12)
  })

  it('is perfect for the truth, and leaves unknown depths out', () => {
    const metrics = new DepthMetrics()
    metrics.add([2, 9, 9], [2, 0, Number.NaN])
    expect(metrics.figures()).toEqual({ delta1: 1, delta2: 1, delta3: 1, rms: 0, rel: 0 })
  })

  it('counts a depth of zero or less as an error, not as infinitely near', () => {
    const metrics = new DepthMetrics()
    metrics.add([0, -1], [1, 1])
    expect(metrics.figures()).toMatchObject({ delta3: 0, rel: 1.5 })
    expect(() => metrics.add([1], [])).toThrow(ArgumentError)
  })
})

describe('reverseHuber', () => {
  it('is linear up to a fifth of the largest error and squared beyond, by hand', () => {
    const input = tensor([1.1, 2.5, 4], { requiresGrad: true })
    const target = tensor([1, 2, 3])
    // Errors 0.1, 0.5 and 1; c = 0.2: 0.1, (0.25 + 0.04) / 0.4, (1 + 0.04) / 0.4.
    const loss = reverseHuber(input, target)
    expect(loss.item()).toBeCloseTo((0.1 + 0.725 + 2.6) / 3, 5)
    loss.backward()
    const slopes = [1, 0.5 / 0.2, 1 / 0.2].map(slope => slope / 3)
    const gradient = input.grad!.toArray() as number[]
    gradient.forEach((value, i) => void expect(value).toBeCloseTo(slopes[i]!, 5))
  })

  it('leaves unknown depths out of loss and gradient, and is 0 without an error', () => {
    const input = tensor([2, 7, 9], { requiresGrad: true })
    const loss = reverseHuber(input, tensor([1, 0, Number.NaN]))
    expect(loss.item()).toBeCloseTo((1 + 0.04) / 0.4, 5)
    loss.backward()
    expect((input.grad!.toArray() as number[]).slice(1)).toEqual([0, 0])
    expect(reverseHuber(tensor([3]), tensor([3])).item()).toBe(0)
    expect(() => reverseHuber(tensor([3]), tensor([3, 3]))).toThrow(ShapeError)
  })
})
