import { describe, expect, it } from 'vitest'
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { ones } from '../generated/functions.ts'
import { BatchNorm2d, Linear } from '../nn/index.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import { ExponentialMovingAverage } from './ema.ts'

/** A layer whose only weight is `value`. */
function single(value: number) {
  const layer = new Linear(1, 1, { bias: false })
  noGrad(() => layer.weight.fill_(value))
  return layer
}

const averageOf = (ema: ExponentialMovingAverage, name = 'weight') =>
  ema.stateDict().averages.get(name) as Tensor

describe('ExponentialMovingAverage', () => {
  it('warms up as NFNets do: 4.995005e-4 is left of 1 after five steps at 0', () => {
    const layer = single(1)
    const ema = new ExponentialMovingAverage(layer)
    noGrad(() => layer.weight.fill_(0))
    for (let i = 0; i < 5; i++) ema.update()
    expect(averageOf(ema).item()).toBeCloseTo(4.995005e-4, 10)
  })

  it('has no longer memory than its decay, and no warm-up when told', () => {
    const layer = single(1)
    const warm = new ExponentialMovingAverage(layer, { decay: 0.15 })
    const cold = new ExponentialMovingAverage(layer, { decay: 0.5, warmup: false })
    noGrad(() => layer.weight.fill_(0))
    for (const ema of [warm, cold]) for (let i = 0; i < 3; i++) ema.update()
    expectClose(averageOf(warm), [0.1 * 0.15 * 0.15])
    expectClose(averageOf(cold), [0.125])
  })

  it.each([
    ['average', 0.1 * 0 + 0.9 * 2],
    ['copy', 2],
  ] as const)('takes running statistics by %s, and counts always as they are', (buffers, mean) => {
    const norm = new BatchNorm2d(1)
    const ema = new ExponentialMovingAverage(norm, { buffers })
    noGrad(() => norm.runningMean?.fill_(2))
    norm(ones([1, 1, 2, 2]))
    noGrad(() => norm.runningMean?.fill_(2))
    ema.update()
    expectClose(averageOf(ema, 'running_mean'), [mean])
    expect(averageOf(ema, 'num_batches_tracked').item()).toBe(1)
  })

  it('lends its averages to the model, and takes them back after a throw', () => {
    const layer = single(1)
    const ema = new ExponentialMovingAverage(layer)
    noGrad(() => layer.weight.fill_(0))
    ema.update()
    const seen = () => layer.weight.item()
    expect(leaked(() => expect(ema.use(seen)).toBeCloseTo(0.1))).toBe(0)
    expect(seen()).toBe(0)
    expect(() =>
      ema.use(() => {
        throw new RangeError('mine')
      }),
    ).toThrow('mine')
    expect(() => ema.use(async () => {})).toThrow(/synchronous/)
    expect(seen()).toBe(0)
  })

  it('goes on from its state, and refuses that of another model', () => {
    const layer = single(1)
    const [first, second] = [0, 1].map(() => new ExponentialMovingAverage(layer))
    noGrad(() => layer.weight.fill_(0))
    first.update()
    first.update()
    second.loadStateDict(first.stateDict())
    for (const ema of [first, second]) ema.update()
    expect(numbers(averageOf(second))).toEqual(numbers(averageOf(first)))
    const other = new ExponentialMovingAverage(new Linear(2, 1))
    expect(() => other.loadStateDict(first.stateDict())).toThrow(ArgumentError)
    expect(() => other.loadStateDict(first.stateDict())).toThrow(
      /none for weight \[1,2\], bias \[1\]/,
    )
    expect(() => new ExponentialMovingAverage(layer, { decay: 1 })).toThrow(
      /`decay` but received 1/,
    )
  })
})
