import { describe, expect, it } from 'vitest'
import { camelCase, isReserved } from './naming.ts'

describe('camelCase', () => {
  it.each([
    ['relu', 'relu'],
    ['log_softmax', 'logSoftmax'],
    ['masked_fill_', 'maskedFill_'],
    ['adaptive_avg_pool2d', 'adaptiveAvgPool2d'],
    ['__and__', 'and_'],
    ['_foreach_add', 'foreachAdd'],
    ['nll_loss2d', 'nllLoss2d'],
  ])('turns %s into %s', (name, expected) => {
    expect(camelCase(name)).toBe(expected)
  })
})

describe('isReserved', () => {
  it('knows the names that no binding may have', () => {
    expect(['var', 'where', 'this', 'relu'].map(isReserved)).toEqual([true, false, true, false])
  })
})
