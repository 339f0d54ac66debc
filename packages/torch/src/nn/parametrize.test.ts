// Parametrizations: names, training through them, assignment, removal.
import { describe, expect, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { ones } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

const { isParametrized, registerParametrization, removeParametrizations } = nn.utils.parametrize

class Exp extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.exp()
  }

  rightInverse(value: Tensor): Tensor {
    return value.log()
  }
}

class Scale extends nn.Module {
  readonly factor = new nn.Parameter(tensor([3]))

  override forward(x: Tensor): Tensor {
    return x.mul(this.factor)
  }
}

function layerWith(values: number[]): nn.Linear {
  const layer = new nn.Linear(2, 1)
  nn.init.zeros_(layer.bias as Tensor)
  layer.loadStateDict(new Map([['weight', tensor([values])]]), { strict: false })
  return layer
}

describe('a parametrized field', () => {
  it('starts at its value where there is a right inverse, else at the function of it', () => {
    const exp = registerParametrization(layerWith([1, 2]), 'weight', new Exp())
    expectClose(exp.weight, [1, 2])
    expectClose(exp.getParameter('parametrizations.weight.original'), [0, Math.LN2])
    const scaled = registerParametrization(layerWith([1, 2]), 'weight', new Scale())
    expectClose(scaled(ones([1, 2])), [9])
  })

  it('has the names of PyTorch in the state dict', () => {
    const layer = registerParametrization(layerWith([1, 2]), 'weight', new Scale())
    expect([...layer.stateDict().keys()]).toEqual([
      'bias',
      'parametrizations.weight.original',
      'parametrizations.weight.0.factor',
    ])
    const attention = new nn.MultiheadAttention(2, 1)
    registerParametrization(attention, 'inProjWeight', new Scale())
    expect([...attention.stateDict().keys()]).toContain('parametrizations.in_proj_weight.original')
  })

  it('trains the tensor that an optimizer may hold already', () => {
    const layer = layerWith([1, 2])
    const { weight } = layer
    registerParametrization(layer, 'weight', new Scale())
    expect(layer.getParameter('parametrizations.weight.original')).toBe(weight)
    layer(ones([1, 2]))
      .sum()
      .backward()
    expect(numbers(weight.grad!)).toEqual([3, 3])
    expect(layer.getParameter('parametrizations.weight.0.factor').grad?.item()).toBe(3)
  })

  it('is computed by one parametrization after another', () => {
    const layer = registerParametrization(layerWith([1, 2]), 'weight', new Exp())
    registerParametrization(layer, 'weight', new Scale())
    expectClose(layer.weight, [3, 6])
  })

  it('leaves nothing behind when the module is called', () => {
    const layer = registerParametrization(layerWith([1, 2]), 'weight', new Exp())
    const x = ones([1, 2])
    expect(leaked(() => layer(x).dispose())).toBe(0)
  })

  it('is assigned through the right inverses', () => {
    const layer = registerParametrization(layerWith([1, 2]), 'weight', new Exp())
    Object.assign(layer, { weight: tensor([[4, 5]]) })
    expectClose(layer.weight, [4, 5])
    const scaled = registerParametrization(layerWith([1, 2]), 'weight', new Scale())
    expect(() => Object.assign(scaled, { weight: ones([1, 2]) })).toThrow(
      /with rightInverse to assign through but received Scale/,
    )
  })
})

describe('registering', () => {
  class Row extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.select(0, 0)
    }
  }

  it('refuses another shape unless it is meant, and leaves the module as it was', () => {
    const layer = layerWith([1, 2])
    expect(() => registerParametrization(layer, 'weight', new Row())).toThrow(ShapeError)
    expect(isParametrized(layer)).toBe(false)
    registerParametrization(layer, 'weight', new Row(), { unsafe: true })
    expect(layer.weight.shape).toEqual([2])
  })

  it('refuses what is no parameter', () => {
    for (const name of ['inFeatures', 'nothing'])
      expect(() => registerParametrization(layerWith([1, 2]), name, new Scale())).toThrow(
        ArgumentError,
      )
  })
})

describe('removing', () => {
  it('leaves the value, or the original, in the tensor that was trained', () => {
    for (const leaveParametrized of [true, false]) {
      const layer = layerWith([1, 2])
      const { weight } = layer
      registerParametrization(layer, 'weight', new Scale())
      expect([isParametrized(layer, 'weight'), isParametrized(layer, 'bias')]).toEqual([
        true,
        false,
      ])
      removeParametrizations(layer, 'weight', { leaveParametrized })
      expect(layer.weight).toBe(weight)
      expect(numbers(weight)).toEqual(leaveParametrized ? [3, 6] : [1, 2])
      expect([...layer.stateDict().keys()].sort()).toEqual(['bias', 'weight'])
      expect(isParametrized(layer)).toBe(false)
      expect(() => removeParametrizations(layer, 'weight')).toThrow(ArgumentError)
    }
  })
})
