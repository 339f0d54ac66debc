import { ArgumentError } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { firstNonFinite, meanSignal } from './draws.ts'
import type { SignalTap } from './measure.ts'

const tap = (variance: number, residualVariance: number | null): SignalTap => ({
  ...{ index: 1, name: 'layer1.0', stage: 0, block: 0, stageEnd: false },
  ...{ channelSquaredMean: variance / 2, channelVariance: variance },
  ...{ residualVariance, predictedVariance: 1.04 },
})

describe('meanSignal', () => {
  it('averages the measured numbers and keeps the rest', () => {
    expect(meanSignal([[tap(1, 2)], [tap(3, 6)]])).toMatchObject([tap(2, 4)])
    expect(meanSignal([[tap(1, null)], [tap(3, null)]])).toMatchObject([tap(2, null)])
  })

  it('says between what the draws lay, of what was measured', () => {
    const [{ bands }] = meanSignal([
      [{ ...tap(3, null), pixelNorm: 2 }],
      [{ ...tap(1, null), pixelNorm: 5 }],
    ])
    expect(bands).toEqual({
      channelSquaredMean: [0.5, 1.5],
      channelVariance: [1, 3],
      pixelNorm: [2, 5],
    })
    expect(meanSignal([[tap(3, 1)]])).toEqual([tap(3, 1)])
  })

  it('refuses to average nothing', () => {
    expect(() => meanSignal([])).toThrow(ArgumentError)
  })
})

describe('firstNonFinite', () => {
  it('finds the first tap whose variance is NaN or infinite', () => {
    const [fine, infinite, none] = [tap(1, 1), tap(Number.POSITIVE_INFINITY, 1), tap(Number.NaN, 1)]
    expect(firstNonFinite([fine, infinite, none])).toBe(infinite)
    expect(firstNonFinite([fine])).toBe(null)
  })
})
