import { manualSeed, randn, tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'
import { numbers } from '../fixtures.test.util.ts'
import { ScaledActivation } from './scaled-activation.ts'

beforeEach(() => manualSeed(2))

describe('ScaledActivation', () => {
  it.each(Object.keys(ACTIVATIONS) as ActivationName[])(
    '%s turns unit variance into unit variance',
    name => {
      const [variance] = new ScaledActivation(name)(randn([2048, 256])).varMean([-1], {
        correction: 0,
      })
      expect(Math.abs(variance.mean().item() - 1)).toBeLessThan(0.015)
    },
  )

  it('divides by beta after the activation, as the papers’ code does', () => {
    const silu = new ScaledActivation('silu', { gamma: 3, beta: 2 })
    const expected = (1.5 / (1 + Math.exp(-1.5))) * (3 / 2)
    expect(numbers(silu(tensor([1.5])))[0]).toBeCloseTo(expected, 6)
  })

  it('takes the gain of the table unless it is given one', () => {
    expect(new ScaledActivation('relu').gamma).toBe(1.7139588594436646)
    expect(new ScaledActivation('relu', { gamma: Math.SQRT2 }).gamma).toBe(Math.SQRT2)
  })
})
