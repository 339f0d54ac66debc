import { nn, noGrad, ones, zeros } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { adaptiveClipGrad_ } from '../../clip.ts'
import { reach } from './silent-branch.ts'

/** A scalar from 0 under adaptive clipping and SGD with momentum, pushed the same way in every step. */
function pushed(lr: number, momentum: number, steps: number): number {
  const clip = { factor: 0.01, eps: 1e-3 }
  const scalar = new nn.Parameter(zeros([]))
  let velocity = 0
  for (let step = 0; step < steps; step++) {
    scalar.grad = ones([])
    adaptiveClipGrad_([['scalar', scalar]], { clipFactor: clip.factor, eps: clip.eps })
    velocity = momentum * velocity + (scalar.grad?.item() ?? 0)
    noGrad(() => scalar.add_(lr * velocity))
  }
  return scalar.item()
}

describe('reach', () => {
  // The bound halves the rate for warm-up and cosine: 2 lr stands for a constant lr.
  it.each([
    [0.1, 0.9, 60],
    [0.1, 0.9, 300],
    [0.05, 0.5, 2000],
  ])('is what a parameter comes to at rate %f, momentum %f in %i steps', (lr, momentum, steps) => {
    const bound = reach(2 * lr, momentum, steps, { factor: 0.01, eps: 1e-3 })
    const come = pushed(lr, momentum, steps)
    expect(come).toBeLessThan(bound * 1.01)
    expect(come).toBeGreaterThan(bound * 0.7)
  })
})
