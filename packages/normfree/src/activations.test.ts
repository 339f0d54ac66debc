import { describe, expect, it } from 'vitest'
import { ACTIVATIONS, type ActivationName, isActivationName } from './activations.ts'
import { filled, largestDifference, numbers } from './fixtures.test.util.ts'
import { GAMMA } from './gain.ts'

/** -8 to 8 in steps of 1/8, all exact in float32. */
const GRID = Array.from({ length: 129 }, (_, i) => i / 8 - 8)
const names = Object.keys(ACTIVATIONS) as ActivationName[]

describe('ACTIVATIONS', () => {
  it.each(names.filter(name => ACTIVATIONS[name].scalar !== null))(
    '%s is the same function of tensors as of numbers, to float32 precision',
    name => {
      const { scalar, module } = ACTIVATIONS[name]
      const relative = (y: readonly number[]) =>
        y.map((value, i) => value / Math.max(1, Math.abs(GRID[i])))
      const ofTensors = numbers(module()(filled([GRID.length], i => GRID[i])))
      const ofNumbers = GRID.map(x => scalar!(x))
      expect(largestDifference(relative(ofTensors), relative(ofNumbers))).toBeLessThan(1e-6)
    },
  )

  it.each(names.filter(name => ACTIVATIONS[name].scalar !== null))(
    '%s is monotonic exactly where it says so',
    name => {
      const { scalar, monotonic } = ACTIVATIONS[name]
      const values = GRID.map(x => scalar!(x))
      expect(values.every((value, i) => i === 0 || value >= values[i - 1])).toBe(monotonic)
    },
  )

  it('has a gain for every name', () => {
    expect(Object.keys(GAMMA).sort()).toEqual([...names].sort())
  })
})

describe('isActivationName', () => {
  it('knows the names and nothing that objects inherit', () => {
    expect(isActivationName('silu')).toBe(true)
    expect(isActivationName('swish')).toBe(false)
    expect(isActivationName('toString')).toBe(false)
  })
})
