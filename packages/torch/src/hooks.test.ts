// Hooks of tensors and modules: what they see, what they replace, and that they hold nothing.
import { describe, expect, it } from 'vitest'
import { backward, enableGrad, grad } from './autograd.ts'
import { tensor } from './create.ts'
import { DisposedError, TorchError } from './errors.ts'
import { keep, tidy } from './memory.ts'
import { Linear, Module } from './nn/index.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, leaked, numbers } from './testing.test.util.ts'

/** Hooks run without recording; passes of their own need it. */
const scoped = <T>(work: () => T): T => tidy(() => enableGrad(work))
const leafOf = (values: number[]) => tensor(values, { requiresGrad: true })

describe('registerHook', () => {
  it('sees the gradient of a result and of a leaf, and leaves them', () => {
    const x = leafOf([1, 2])
    const y = x.mul(3)
    const seen: [string, number[]][] = []
    y.registerHook(gradient => void seen.push(['y', numbers(gradient)]))
    x.registerHook(gradient => void seen.push(['x', numbers(gradient)]))
    y.square().sum().backward()
    expect(seen).toEqual([
      ['y', [6, 12]],
      ['x', [18, 36]],
    ])
    expect(numbers(x.grad as Tensor)).toEqual([18, 36])
  })

  it('puts what it returns in the gradient’s place, hook after hook', () => {
    const x = leafOf([1, 2])
    const y = x.mul(1)
    y.registerHook(gradient => gradient.mul(10))
    y.registerHook(gradient => gradient.add(1))
    y.sum().backward()
    expect(numbers(x.grad as Tensor)).toEqual([11, 11])
  })

  it('runs no more after remove(), which may come twice or after dispose()', () => {
    const x = leafOf([1])
    const [first, second] = [10, 100].map(factor => x.registerHook(g => g.mul(factor)))
    first.remove()
    first.remove()
    x.mul(1).sum().backward()
    expect((x.grad as Tensor).item()).toBe(100)
    x.dispose()
    expect(() => second.remove()).not.toThrow()
  })

  it('still runs when the tensor’s scope has ended', () => {
    const x = leafOf([2])
    let calls = 0
    const loss = tidy(() => {
      const y = x.mul(3)
      y.registerHook(() => void calls++)
      return y.sum()
    })
    loss.backward()
    expect(calls).toBe(1)
  })

  it('runs in a scope: only kept tensors outlive it', () => {
    const x = leafOf([1])
    const seen: Tensor[] = []
    const y = x.mul(2)
    y.registerHook(gradient => {
      seen.push(gradient, keep(gradient.mul(2)), gradient.mul(3))
    })
    const loss = y.sum()
    expect(leaked(() => loss.backward())).toBe(1)
    expect(seen.map(t => t.isDisposed)).toEqual([true, false, true])
  })

  it('hands on what it throws as it is, ends the pass, and the next pass works', () => {
    const x = leafOf([1])
    const mine = new RangeError('mine')
    const y = x.mul(2)
    const handle = y.registerHook(() => {
      throw mine
    })
    const loss = y.sum()
    let caught: unknown
    const count = leaked(() => {
      try {
        loss.backward(null, { retainGraph: true })
      } catch (error) {
        caught = error
      }
    })
    expect(caught).toBe(mine)
    expect([count, x.grad]).toEqual([0, null])
    handle.remove()
    loss.backward()
    expect((x.grad as Tensor).item()).toBe(2)
  })

  it('refuses a gradient of another shape, what is no tensor, a promise, and a released tensor', () => {
    const failing = (returned: (gradient: Tensor) => unknown) => () => {
      const y = leafOf([1, 2]).mul(2)
      y.registerHook(returned as never)
      y.sum().backward()
    }
    expect(failing(() => tensor([1]))).toThrow(TorchError)
    expect(failing(() => 5)).toThrow(/Expected a Tensor or nothing from `hook` but received number/)
    expect(failing(async () => {})).toThrow(/Expected a Tensor or nothing from `hook`/)
    expect(failing(() => tidy(() => ({ x: tensor([1]).add(1) })).x.dispose())).not.toThrow()
    const gone = tensor([1, 1])
    gone.dispose()
    expect(failing(() => gone)).toThrow(DisposedError)
    expect(() => tensor([1]).registerHook(() => {})).toThrow(/registerHook\(Tensor float32\[1\]\)/)
  })

  it('may call operators that were never called before, and start a pass of its own', () => {
    const x = leafOf([0.5])
    const y = x.mul(2)
    const inner: number[] = []
    y.registerHook(gradient => {
      const z = leafOf([3])
      const [g] = grad(
        enableGrad(() => z.square().sum()),
        [z],
      ) as Tensor[]
      inner.push(z.lgamma().item(), z.digamma().isnan().item(), g.item())
      return gradient.mul(5)
    })
    y.sum().backward()
    expect(inner).toEqual([Math.fround(Math.log(2)), 0, 6])
    expect((x.grad as Tensor).item()).toBe(10)
  })

  it('records only under createGraph, as in PyTorch', () => {
    const seen: boolean[] = []
    const x = leafOf([2])
    const loss = () => {
      const y = x.mul(3)
      y.registerHook(gradient => void seen.push(gradient.mul(x).requiresGrad))
      return y.square().sum()
    }
    grad(loss(), [x])
    grad(loss(), [x], { createGraph: true })
    expect(seen).toEqual([false, true])
  })

  it('nests seventy passes deep, beyond where LibTorch changes threads', () => {
    let deepest = 0
    const descend = (level: number): number =>
      scoped(() => {
        deepest = Math.max(deepest, level)
        const x = leafOf([level])
        const y = x.mul(2)
        let below = 0
        y.registerHook(() => {
          if (level < 70) below = descend(level + 1)
        })
        y.sum().backward()
        return below + (x.grad as Tensor).item()
      })
    expect(descend(1)).toBe(140)
    expect(deepest).toBe(70)
  })

  it('hands errors up through as many passes', () => {
    const mine = new RangeError('deep')
    const descend = (level: number): void =>
      scoped(() => {
        const y = leafOf([level]).mul(2)
        y.registerHook(() => {
          if (level === 60) throw mine
          descend(level + 1)
        })
        y.sum().backward()
      })
    expect(() => descend(1)).toThrow(mine)
    expect(leaked(() => expect(() => descend(55)).toThrow(mine))).toBe(0)
  })

  it('is let go of with the graph', async () => {
    let collected = 0
    const registry = new FinalizationRegistry(() => collected++)
    const x = leafOf([1])
    const make = () =>
      tidy(() => {
        const y = x.mul(2)
        const hook = () => {}
        registry.register(hook, 0)
        y.registerHook(hook)
      })
    for (let i = 0; i < 10; i++) make()
    await collectGarbage()
    tidy(() => x.add(1)) // the addon sweeps after a call
    await collectGarbage()
    expect(collected).toBeGreaterThan(5)
  })
})

describe('retainGrad', () => {
  it('keeps the gradient of a result', () => {
    const y = leafOf([1, 2]).mul(3)
    expect(y.retainsGrad).toBe(false)
    y.retainGrad()
    expect(y.retainsGrad).toBe(true)
    y.square().sum().backward()
    expect(numbers(y.grad as Tensor)).toEqual([6, 12])
    expect(() => tensor([1]).retainGrad()).toThrow(TorchError)
  })
})

describe('registerFullBackwardHook', () => {
  class Twice extends Module<[Tensor, number], Tensor> {
    forward(x: Tensor, factor: number) {
      return x.mul(factor)
    }
  }

  it('sees the gradients at both ends, null for an input that is no tensor', () => {
    const twice = new Twice()
    const seen: unknown[] = []
    const handle = twice.registerFullBackwardHook((module, gradInput, gradOutput) => {
      seen.push(
        module === twice,
        ...[gradInput, gradOutput].map(list => list.map(g => g && numbers(g))),
      )
    })
    const x = leafOf([1, 2])
    twice(x, 2).square().sum().backward()
    expect(seen).toEqual([true, [[8, 16], null], [[4, 8]]])
    handle.remove()
    twice(x, 2).sum().backward()
    expect(seen).toHaveLength(3)
  })

  it('replaces the gradients of the inputs', () => {
    const twice = new Twice()
    twice.registerFullBackwardHook((_, [gradient]) => [gradient?.mul(10), null])
    const x = leafOf([1])
    twice(x, 2).sum().backward()
    expect((x.grad as Tensor).item()).toBe(20)
    twice.registerFullBackwardHook(() => [])
    expect(() => twice(x, 2).sum().backward()).toThrow(/Expected 2 gradients from a backward hook/)
  })

  it('runs where no input wants a gradient, and holds no tensor afterwards', () => {
    const layer = new Linear(2, 1, { bias: false })
    const seen: unknown[] = []
    layer.registerFullBackwardHook((_, gradInput, gradOutput) => {
      seen.push(
        gradInput,
        gradOutput.map(g => g && numbers(g)),
      )
    })
    const step = () =>
      tidy(() =>
        layer(tensor([[1, 2]]))
          .sum()
          .backward(),
      )
    step()
    expect(seen).toEqual([[null], [[1]]])
    expect(leaked(() => tidy(step))).toBe(0)
  })

  it('leaves a call without gradients alone', () => {
    const twice = new Twice()
    twice.registerFullBackwardHook(() => expect.fail('called'))
    expect(twice(tensor([3]), 2).item()).toBe(6)
  })
})

describe('backward of several outputs', () => {
  it('adds up their gradients, weighed, into the leaves or into `inputs` only', () => {
    const [x, w] = [leafOf([1, 2]), leafOf([3, 4])]
    const [y, z] = [x.mul(w), x.square().sum()]
    backward([y, z], [tensor([1, 10]), null], { retainGraph: true })
    expect(numbers(x.grad as Tensor)).toEqual([3 + 2, 40 + 4])
    expect(numbers(w.grad as Tensor)).toEqual([1, 20])
    for (const leaf of [x, w]) leaf.grad = null
    backward([y.sum(), z], [], { inputs: [x] })
    expect([numbers(x.grad as unknown as Tensor), w.grad]).toEqual([[5, 8], null])
  })

  it('reaches an input that is no leaf', () => {
    const y = leafOf([2]).mul(3)
    y.square()
      .sum()
      .backward(null, { inputs: [y] })
    expect((y.grad as Tensor).item()).toBe(12)
  })

  it('takes as many gradients as there are outputs', () => {
    const x = leafOf([1])
    expect(() => backward([x.mul(1), x.mul(2)], [tensor([1])])).toThrow(TorchError)
    const [g] = grad([x.mul(2), x.mul(3)], [x], { gradOutputs: [tensor([1]), null] }) as Tensor[]
    expect(g.item()).toBe(5)
  })
})
