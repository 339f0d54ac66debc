import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../errors.ts'
import {
  constant,
  cosine,
  linear,
  multiStep,
  perEpoch,
  polynomial,
  scaleLr,
  stepDecay,
  tanhDecay,
  warmupCosine,
  withWarmup,
} from './schedule.ts'

const rounded = (values: number[]) => values.map(value => Number(value.toFixed(6)))

describe('warmupCosine', () => {
  // 90 epochs of ImageNet at batch 1024: five of them warm-up, not a whole number of steps.
  const perEpoch = 1281167 / 1024
  const totalSteps = Math.floor((1281167 * 90) / 1024)
  const schedule = warmupCosine({ lr: 0.4, totalSteps, warmupSteps: 5 * perEpoch })

  it.each([
    [0, '0.000000'],
    [1000, '0.063942'],
    [6255, '0.399955'],
    [6256, '0.400000'],
    [50000, '0.254990'],
    [100000, '0.013700'],
    [112602, '0.000000'],
    [200000, '0.000000'],
  ])('is the NFNet schedule at iteration %i', (step, expected) => {
    expect(schedule(step).toFixed(6)).toBe(expected)
  })

  it('starts and ends where it is told', () => {
    const s = warmupCosine({ lr: 1, totalSteps: 20, warmupSteps: 10, startLr: 0.5, finalLr: 0.1 })
    expect([s(0), s(5), s(10), s(15), s(20)].map(x => x.toFixed(4))).toEqual([
      '0.5000',
      '0.7500',
      '1.0000',
      '0.5500',
      '0.1000',
    ])
  })

  it('needs no warm-up', () => {
    expect(warmupCosine({ lr: 1, totalSteps: 2 })(0)).toBe(1)
  })

  it('refuses a warm-up that never ends', () => {
    expect(() => warmupCosine({ lr: 1, totalSteps: 5, warmupSteps: 5 })).toThrow(ArgumentError)
    expect(() => warmupCosine({ lr: 1, totalSteps: Number.NaN })).toThrow(/received NaN and 0/)
  })
})

describe('multiStep', () => {
  it('falls at each milestone', () => {
    const schedule = multiStep(1, [10, 20])
    expect([9, 10, 19, 20].map(step => schedule(step).toFixed(3))).toEqual([
      '1.000',
      '0.100',
      '0.100',
      '0.010',
    ])
  })
})

describe('withWarmup', () => {
  it('overrides the start of a cosine as timm does, with a jump where it ends', () => {
    // timm: CosineLRScheduler(t_initial=10, warmup_t=4, warmup_lr_init=1e-5), base rate 0.1.
    const schedule = withWarmup(cosine({ lr: 0.1, totalSteps: 10 }), { steps: 4, startLr: 1e-5 })
    expect(rounded([0, 2, 4, 5, 10, 11].map(schedule))).toEqual([
      0.00001, 0.050005, 0.065451, 0.05, 0, 0,
    ])
  })

  it('comes before the schedule when told, without a jump', () => {
    const schedule = withWarmup(cosine({ lr: 0.1, totalSteps: 10 }), { steps: 4, prefix: true })
    expect(rounded([0, 3, 4, 9, 14].map(schedule))).toEqual([0, 0.075, 0.1, 0.05, 0])
  })

  it('rises to a rate of its own: timm’s tanh warms up to where its curve is by then', () => {
    const curve = tanhDecay({ lr: 1, totalSteps: 10 })
    const schedule = withWarmup(curve, { steps: 5, lr: curve(5) })
    expect(curve(5)).toBeCloseTo((1 - Math.tanh(-2)) / 2, 12)
    expect(schedule(4)).toBeCloseTo(curve(5) * 0.8, 12)
    expect(schedule(5)).toBe(curve(5))
  })

  it('may be of no steps, not of fewer', () => {
    expect(withWarmup(constant(1), { steps: 0 })(0)).toBe(1)
    expect(() => withWarmup(constant(1), { steps: -1 })).toThrow(ArgumentError)
  })
})

describe('decays', () => {
  it('follow timm’s formulas, and stay at their end', () => {
    const options = { lr: 1, totalSteps: 4, finalLr: 0.2 }
    const at = (t: number) => [linear, cosine, polynomial, tanhDecay].map(f => f(options)(t))
    expect(rounded(at(1))).toEqual(
      rounded([
        0.2 + 0.8 * 0.75,
        0.2 + 0.4 * (1 + Math.SQRT1_2),
        0.2 + 0.8 * Math.sqrt(0.75),
        0.2 + 0.4 * (1 - Math.tanh(-7 * 0.75 + 3 * 0.25)),
      ]),
    )
    expect(at(4)).toEqual([0.2, 0.2, 0.2, 0.2])
    expect(at(9)).toEqual([0.2, 0.2, 0.2, 0.2])
    const k = polynomial({ ...options, power: 2, k: 3 })
    expect(k(2)).toBeCloseTo(0.2 + 0.8 * (1 - 1 / 8) ** 2, 12)
  })

  it('refuse to last for no time', () => {
    expect(() => linear({ lr: 1, totalSteps: 0 })).toThrow(/`totalSteps` but received 0/)
    expect(() => stepDecay(1, 0)).toThrow(/`every` but received 0/)
    expect(() => perEpoch(constant(1), Number.NaN)).toThrow(/`stepsPerEpoch` but received NaN/)
  })
})

describe('recipes', () => {
  it('RescaleNet: five epochs of warm-up, then tenths at 30, 60 and 90 after it', () => {
    const lr = scaleLr(0.1, 1024)
    const epochs = withWarmup(multiStep(lr, [30, 60, 90]), { steps: 5, prefix: true })
    const schedule = perEpoch(epochs, 100)
    expect(rounded([0, 499, 500, 3499, 3500, 6500, 9500].map(schedule))).toEqual([
      0, 0.32, 0.4, 0.4, 0.04, 0.004, 0.0004,
    ])
  })

  it('Fixup on CIFAR: tenths at 100 and 150 of 200, a warm-up over the first ten', () => {
    const schedule = withWarmup(multiStep(scaleLr(0.1, 256, { baseBatchSize: 128 }), [100, 150]), {
      steps: 10,
    })
    expect(rounded([0, 5, 10, 99, 100, 150].map(schedule))).toEqual([0, 0.1, 0.2, 0.2, 0.02, 0.002])
  })

  it('scale the rate with the batch, by its root for adaptive optimizers', () => {
    expect(scaleLr(0.1, 4096)).toBeCloseTo(1.6, 12)
    expect(scaleLr(0.1, 4096, { rule: 'sqrt' })).toBeCloseTo(0.4, 12)
    expect(() => scaleLr(0.1, 0)).toThrow(/`batchSize` but received 0/)
  })
})
