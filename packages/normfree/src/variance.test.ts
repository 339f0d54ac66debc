import { ArgumentError } from '@normfree/torch'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planBlocks } from './variance.ts'

/** 1 / beta of NF-ResNet-50 at alpha 0.2, as deepmind-research nfnets/nf_resnet.py computes it. */
const RESNET50_INVERSE_BETAS = [
  [1, 0.980581, 0.96225],
  [0.944911, 0.980581, 0.96225, 0.944911],
  [0.928477, 0.980581, 0.96225, 0.944911, 0.928477, 0.912871],
  [0.898027, 0.980581, 0.96225],
]

const depthsOf = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
const alphaOf = fc.double({ min: 0.01, max: 2, noNaN: true })

describe('planBlocks', () => {
  it('gives the betas of NF-ResNet-50', () => {
    const plans = planBlocks([3, 4, 6, 3], 0.2)
    const expected = RESNET50_INVERSE_BETAS.flat()
    expect(plans).toHaveLength(expected.length)
    plans.forEach(({ beta }, i) => {
      expect(1 / beta).toBeCloseTo(expected[i], 6)
    })
  })

  it('numbers stages and the blocks in them from 0', () => {
    expect(planBlocks([2, 1], 1).map(({ stage, block }) => [stage, block])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
  })

  it('predicts 1 + (b + 1) alpha^2 after block b of every stage', () => {
    fc.assert(
      fc.property(depthsOf, alphaOf, (depths, alpha) => {
        for (const { block, predictedVariance } of planBlocks(depths, alpha))
          expect(predictedVariance).toBeCloseTo(1 + (block + 1) * alpha ** 2, 9)
      }),
    )
  })

  it('divides every block by the deviation of what the block before put out', () => {
    fc.assert(
      fc.property(depthsOf, alphaOf, (depths, alpha) => {
        const plans = planBlocks(depths, alpha)
        expect(plans[0].beta).toBe(1)
        for (let i = 1; i < plans.length; i++)
          expect(plans[i].beta ** 2).toBeCloseTo(plans[i - 1].predictedVariance, 9)
      }),
    )
  })

  it.each([0, -0.2, Number.NaN])('refuses alpha %d', alpha => {
    expect(() => planBlocks([1], alpha)).toThrow(ArgumentError)
    expect(() => planBlocks([1], alpha)).toThrow('`alpha`')
  })
})
