// Scaled dot product attention: masks, dropout, scopes. Values stand in layers-conformance.test.ts.
import { describe, expect, it } from 'vitest'
import { ArgumentError, ShapeError } from '../../errors.ts'
import { ones, randn, tril } from '../../generated/functions.ts'
import { manualSeed } from '../../random.ts'
import { expectClose, gradcheck, leaked, numbers, samples } from '../../testing.test.util.ts'
import * as nn from '../index.ts'
import { attentionWeights } from './attention.ts'

const { scaledDotProductAttention } = nn.functional

describe('scaledDotProductAttention', () => {
  const [q, k, v] = [1, 2, 3].map(seed => samples([2, 5, 4], seed))

  it('with isCausal is that with the lower triangle for a mask', () => {
    const attnMask = tril(ones([5, 5])).to('bool')
    const causal = scaledDotProductAttention(q, k, v, { isCausal: true })
    expectClose(causal, numbers(scaledDotProductAttention(q, k, v, { attnMask })), 1e-12)
    expect(() => scaledDotProductAttention(q, k, v, { attnMask, isCausal: true })).toThrow(
      ArgumentError,
    )
  })

  it('is the weights times the values, whichever way it is computed', () => {
    const weights = attentionWeights(q, k, {})
    expectClose(weights.sum(-1), Array(10).fill(1), 1e-12)
    expectClose(scaledDotProductAttention(q, k, v), numbers(weights.matmul(v)), 1e-12)
  })

  it('has the gradients of finite differences', () => {
    gradcheck((a, b, c) => scaledDotProductAttention(a, b, c, { isCausal: true }), [q, k, v])
  })

  it('drops attention weights', () => {
    manualSeed(1)
    const all = ones([1, 400, 400])
    const y = scaledDotProductAttention(all, all, all, { dropoutP: 0.5 })
    expect(y.mean().item()).toBeCloseTo(1, 1)
    expect(y.std().item()).toBeGreaterThan(0.01)
  })
})

describe('MultiheadAttention', () => {
  const attention = new nn.MultiheadAttention(8, 2, { dropout: 0.5 })
  const x = randn([5, 3, 8])

  it('gives the same with weights and without', () => {
    attention.eval()
    const [output, weights] = attention(x, x, x)
    const [alone, none] = attention(x, x, x, { needWeights: false })
    expectClose(alone, numbers(output))
    expect([weights?.shape, none]).toEqual([[3, 5, 5], null])
  })

  it('drops in training only, and leaves nothing behind', () => {
    manualSeed(1)
    const [first] = attention.train()(x, x, x)
    expect(numbers(attention(x, x, x)[0])).not.toEqual(numbers(first))
    expect(leaked(() => attention(x, x, x, { needWeights: false })[0].dispose())).toBe(0)
  })

  it('refuses heads that do not divide, and inputs of other dimensions', () => {
    expect(() => new nn.MultiheadAttention(8, 3)).toThrow(/divides `embedDim` 8 .* received 3/)
    expect(() => attention(x, x.select(1, 0), x)).toThrow(ShapeError)
    expect(() => attention(x.unsqueeze(0), x, x)).toThrow(ShapeError)
  })
})
