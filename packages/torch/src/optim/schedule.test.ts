import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../errors.ts'
import { multiStep, warmupCosine } from './schedule.ts'

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
