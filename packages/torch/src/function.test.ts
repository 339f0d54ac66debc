// Functions with a backward of their own, against finite differences and against their own rules.
import { describe, expect, it } from 'vitest'
import { grad, isGradEnabled, noGrad } from './autograd.ts'
import { tensor } from './create.ts'
import { TorchError } from './errors.ts'
import { defineFunction, type FunctionContext } from './function.ts'
import { tidy } from './memory.ts'
import type { Tensor } from './tensor.ts'
import { gradcheck, leaked, numbers, samples } from './testing.test.util.ts'

const exp = defineFunction('Exp', {
  forward(context, x: Tensor) {
    const y = x.exp()
    context.saveForBackward(y)
    return y
  },
  backward: ({ savedTensors: [y] }, gradient) => gradient.mul(y),
})

const cube = defineFunction('Cube', {
  forward(context, x: Tensor) {
    context.saveForBackward(x)
    return x.pow(3)
  },
  backward: ({ savedTensors: [x] }, gradient) => gradient.mul(x.square()).mul(3),
})

const sumAndScale = defineFunction('SumAndScale', {
  forward(context: FunctionContext<{ factor: number }>, x: Tensor, factor: number, y: Tensor) {
    context.data.factor = factor
    return [x.add(y), x.mul(factor)]
  },
  backward: ({ data: { factor } }, sum, scaled) => [sum.add(scaled, { alpha: factor }), null, sum],
})

describe('defineFunction', () => {
  it('differentiates by its backward, in agreement with finite differences', () => {
    gradcheck(exp, [samples([2, 3])])
    gradcheck(x => cube(x).mul(x), [samples([4])])
    gradcheck(
      (x, y) => {
        const [sum, scaled] = sumAndScale(x, 3, y)
        return sum.mul(scaled)
      },
      [samples([3], 1), samples([3], 2)],
    )
  })

  it('differentiates twice, through inputs and through outputs it saved', () => {
    const x = tensor([2], { dtype: 'float64', requiresGrad: true })
    const second = (y: Tensor) => {
      const [first] = grad(y.sum(), [x], { createGraph: true }) as Tensor[]
      return (grad(first.sum(), [x]) as Tensor[])[0].item()
    }
    expect(second(cube(x))).toBe(12)
    expect(second(exp(x))).toBeCloseTo(Math.exp(2), 12)
  })

  it('is called by name, records only where needed, and runs forward without recording', () => {
    const x = tensor([1], { requiresGrad: true })
    expect(exp(x).gradFn).toBe('ExpBackward')
    expect([noGrad(() => exp(x)).requiresGrad, exp(tensor([1])).requiresGrad]).toEqual([
      false,
      false,
    ])
    const modes: unknown[] = []
    const spy = defineFunction('Spy', {
      forward(context, a: Tensor, _b: Tensor) {
        modes.push(isGradEnabled(), [...context.needsInputGrad])
        return a.clone()
      },
      backward: (_, gradient) => [gradient, null],
    })
    spy(x, tensor([1]))
      .sum()
      .backward()
    expect(modes).toEqual([false, [true, false]])
  })

  it('gives zeros for an output that nothing depends on', () => {
    const [x, y] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })]
    sumAndScale(x, 5, y)[0].sum().backward()
    expect([numbers(x.grad as Tensor), numbers(y.grad as Tensor)]).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it('leaves outputs alone that have no gradient', () => {
    const top = defineFunction('Top', {
      forward(context, x: Tensor) {
        const [values, indices, rest] = [x.amax([0]), x.argmax(0), x.amin([0])]
        context.saveForBackward(indices)
        context.markNonDifferentiable(rest)
        return [values, indices, rest]
      },
      backward({ savedTensors: [indices] }, gradient, none, alsoNone) {
        expect([none, alsoNone]).toEqual([null, null])
        return gradient.mul(tensor([0, 1, 2]).eq(indices))
      },
    })
    const x = tensor([1, 5, 2], { requiresGrad: true })
    const outputs = top(x)
    expect(outputs.map(output => output.requiresGrad)).toEqual([true, false, false])
    outputs[0].backward()
    expect(numbers(x.grad as Tensor)).toEqual([0, 1, 0])
  })

  it('may return an input as it came, whose own history stays', () => {
    const same = defineFunction('Same', {
      forward: (_, x: Tensor) => x,
      backward: (_, gradient) => gradient.mul(7),
    })
    const x = tensor([1], { requiresGrad: true })
    const y = same(x)
    expect([x.isLeaf, y.isLeaf]).toEqual([true, false])
    y.sum().backward()
    expect((x.grad as Tensor).item()).toBe(7)
  })

  it('keeps what it saved while the graph lives, and says when that is gone or was changed', () => {
    const x = tensor([1], { requiresGrad: true })
    const y = tidy(() => exp(x.mul(1)).sum())
    y.backward(null, { retainGraph: true })
    y.backward()
    expect(() => y.backward()).toThrow(/second time/)
    const z = x.mul(1)
    const loss = cube(z).sum()
    z.add_(1)
    expect(() => loss.backward()).toThrow(/modified by an inplace operation/)
  })

  it('refuses wrong gradients by name', () => {
    const wrong = (returned: unknown) => () => {
      const f = defineFunction('Wrong', {
        forward: (_, x: Tensor, _n: number) => x.clone(),
        backward: () => returned as never,
      })
      f(tensor([1, 2], { requiresGrad: true }), 3)
        .sum()
        .backward()
    }
    expect(wrong(tensor([1, 1]))).toThrow(
      /Expected 2 gradients from backward of Wrong.* received 1/,
    )
    expect(wrong([null, tensor([1])])).toThrow(/but received one for another value/)
    expect(wrong([tensor([1]), null])).toThrow(TorchError)
    expect(wrong([3, null])).toThrow(/Expected a Tensor or nothing from `backward of Wrong`/)
  })

  it('holds no tensor after a step', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    const step = () =>
      tidy(() =>
        sumAndScale(exp(cube(x)), 2, x)[0]
          .sum()
          .backward(),
      )
    step()
    x.grad = null
    expect(leaked(step)).toBe(0)
  })
})
