// SGD against the same rule written in plain JavaScript.
import { describe, expect, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError } from '../errors.ts'
import { Parameter } from '../nn/index.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import { SGD, type SGDOptions } from './sgd.ts'

const gradientAt = (step: number, i: number) => Math.sin(step * 3 + i) + 0.1 * i
const START = [1, -2, 0.5]

/** torch.optim.SGD's documented rule, one number at a time. */
function reference(options: SGDOptions, steps: number): number[] {
  const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options
  return START.map((start, i) => {
    let p = start
    let v: number | undefined
    for (let step = 0; step < steps; step++) {
      let g = gradientAt(step, i) + weightDecay * p
      if (momentum !== 0) {
        v = v === undefined ? g : momentum * v + (1 - dampening) * g
        g = nesterov ? g + momentum * v : v
      }
      p -= lr * g
    }
    return p
  })
}

const parameter = (values = START) => new Parameter(tensor(values, { dtype: 'float64' }))
const setGrad = (p: Tensor, values: number[]) => {
  p.grad = tensor(values, { dtype: 'float64' })
}

describe('SGD', () => {
  it.each<SGDOptions>([
    { lr: 0.1 },
    { lr: 1, weightDecay: 0.01 },
    { lr: 0.1, momentum: 0.9 },
    { lr: 0.1, momentum: 0.9, dampening: 0.3 },
    { lr: 0.1, momentum: 0.9, weightDecay: 5e-4, dampening: 0.3 },
    { lr: 0.1, momentum: 0.9, weightDecay: 5e-4, nesterov: true },
    { lr: 0, momentum: 0.9 },
  ])('takes ten steps as the formula does: %j', options => {
    const p = parameter()
    const optimizer = new SGD([p], options)
    for (let step = 0; step < 10; step++) {
      setGrad(
        p,
        START.map((_, i) => gradientAt(step, i)),
      )
      optimizer.step()
    }
    expectClose(p, reference(options, 10), 1e-12)
  })

  it('steps groups by their own options, the optimizer’s where they have none', () => {
    const [a, b] = [parameter([1]), parameter([1])]
    const groups = [{ params: [a] }, { params: [b], lr: 0.5, weightDecay: undefined }]
    const optimizer = new SGD(groups, { lr: 0.1, weightDecay: 1, dampening: undefined })
    setGrad(a, [1])
    setGrad(b, [1])
    optimizer.step()
    expectClose(a, [1 - 0.1 * 2])
    expectClose(b, [1 - 0.5 * 2])
    optimizer.paramGroups[0].lr = 0
    optimizer.step()
    expectClose(a, [0.8])
  })

  it('leaves parameters without a gradient alone, and starts their momentum when one comes', () => {
    const [a, b] = [parameter([1]), parameter([1])]
    const optimizer = new SGD([a, b], { lr: 0.1, momentum: 0.5, weightDecay: 0.1 })
    optimizer.step()
    setGrad(a, [1])
    optimizer.step()
    expect(numbers(b)).toEqual([1])
    setGrad(a, [1])
    setGrad(b, [1])
    optimizer.step()
    expectClose(b, [1 - 0.1 * 1.1])
    const v1 = 1.1
    const p1 = 1 - 0.1 * v1
    expectClose(a, [p1 - 0.1 * (0.5 * v1 + 1 + 0.1 * p1)])
  })

  it('changes no gradient, and holds only its momentum between steps', () => {
    const p = parameter([1])
    const optimizer = new SGD([p], { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 })
    const gradient = tensor([2], { dtype: 'float64' })
    p.grad = gradient
    expect(leaked(() => optimizer.step())).toBe(1)
    expect(leaked(() => optimizer.step())).toBe(0)
    expect(numbers(gradient)).toEqual([2])
    optimizer.zeroGrad()
    expect(p.grad).toBeNull()
  })

  it.each<[Partial<SGDOptions>, RegExp]>([
    [{ lr: -1 }, /`lr` but received -1/],
    [{ lr: Number.NaN }, /`lr` but received NaN/],
    [{ momentum: -0.1 }, /`momentum`/],
    [{ weightDecay: -1e-4 }, /`weightDecay`/],
    [{ dampening: Number.NaN }, /`dampening` but received NaN/],
    [{ nesterov: true }, /`nesterov` but received momentum 0 and dampening 0/],
    [{ nesterov: true, momentum: 0.9, dampening: 0.1 }, /dampening 0\.1/],
  ])('refuses %j', (options, message) => {
    expect(() => new SGD([parameter()], { lr: 0.1, ...options })).toThrow(ArgumentError)
    expect(() => new SGD([parameter()], { lr: 0.1, ...options })).toThrow(message)
  })
})
