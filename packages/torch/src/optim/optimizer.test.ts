// What all optimizers share: groups, state dicts, tensors held.
import { describe, expect, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError } from '../errors.ts'
import { randn } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import { Linear, Parameter } from '../nn/index.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import {
  Adam,
  AdamW,
  LAMB,
  Lookahead,
  NAdamW,
  type Optimizer,
  type OptimizerStateDict,
  RMSprop,
  SAM,
  SGD,
} from './index.ts'

type Make = (params: readonly Tensor[]) => Optimizer

/** State tensor `name` of `param`. */
const stateOf = (optimizer: Optimizer, param: Tensor, name: string) =>
  optimizer.state.get(param)?.[name] as Tensor

const KINDS: [string, Make, number][] = [
  ['SGD', params => new SGD(params, { lr: 0.1, momentum: 0.9 }), 1],
  ['Adam', params => new Adam(params, { lr: 0.1, amsgrad: true }), 3],
  ['AdamW', params => new AdamW(params, { lr: 0.1 }), 2],
  ['NAdamW', params => new NAdamW(params, { lr: 0.1, caution: true }), 2],
  ['LAMB', params => new LAMB(params, { lr: 0.1 }), 2],
  ['RMSprop', params => new RMSprop(params, { lr: 0.1, momentum: 0.9, centered: true }), 3],
]

const pair = () => [new Parameter(tensor([1, -2, 3])), new Parameter(tensor([[0.5], [0.25]]))]

function takeSteps(
  optimizer: { step(): void },
  params: readonly Tensor[],
  from: number,
  to: number,
) {
  for (let t = from; t < to; t++) {
    for (const [k, param] of params.entries())
      param.grad = tensor(
        Float32Array.from({ length: param.numel }, (_, i) => Math.sin(t + k + i)),
      ).reshape(param.shape)
    optimizer.step()
  }
}

/** A state dict that went through a file: numbers as JSON, tensors copied. */
function saved(dict: OptimizerStateDict): OptimizerStateDict {
  const tensors = new Map<string, Tensor>()
  const text = JSON.stringify(dict, (key, value) => {
    if (typeof value?.handle !== 'number') return value
    const name = `${key}${tensors.size}`
    tensors.set(name, value.clone())
    return { tensor: name }
  })
  return JSON.parse(text, (_, value) => tensors.get(value?.tensor) ?? value)
}

describe.each(KINDS)('%s', (_, make, tensorsEach) => {
  it('goes on from a saved state exactly as without the break', () => {
    const [whole, first] = [pair(), pair()]
    takeSteps(make(whole), whole, 0, 10)
    const before = make(first)
    takeSteps(before, first, 0, 4)
    const dict = saved(before.stateDict())
    const second = first.map(param => new Parameter(param.detach().clone()))
    const after = make(second)
    after.loadStateDict(dict)
    takeSteps(after, second, 4, 10)
    expect(second.map(numbers)).toEqual(whole.map(numbers))
  })

  it('holds its state between steps, and nothing else', () => {
    const params = pair()
    const optimizer = make(params)
    const step = () =>
      tidy(() => {
        takeSteps(optimizer, params, 0, 1)
        optimizer.zeroGrad()
      })
    expect(leaked(step)).toBe(2 * tensorsEach)
    expect(leaked(step)).toBe(0)
    const dict = saved(optimizer.stateDict())
    expect(leaked(() => optimizer.loadStateDict(dict))).toBe(0)
  })

  it('restores its state in the layout of the parameters, in which the same kernels run', () => {
    const kernel = () =>
      new Parameter(randn([4, 3, 3, 3]).contiguous({ memoryFormat: 'channels_last' }))
    const param = kernel()
    const optimizer = make([param])
    takeSteps(optimizer, [param], 0, 1)
    const rows = optimizer.stateDict()
    for (const state of Object.values(rows.state))
      for (const [name, value] of Object.entries(state))
        if (typeof value !== 'number') state[name] = value.contiguous()
    const other = kernel()
    const after = make([other])
    after.loadStateDict(rows)
    for (const value of Object.values(after.state.get(other) ?? {}))
      if (typeof value !== 'number') expect(value.strides).toEqual(other.strides)
  })

  it('steps along no gradient it changes', () => {
    const [param] = pair()
    const optimizer = make([param])
    const gradient = tensor([1, 2, 3])
    param.grad = gradient
    optimizer.step()
    expect(numbers(gradient)).toEqual([1, 2, 3])
    expect(numbers(param)).not.toEqual([1, -2, 3])
  })
})

describe('Optimizer', () => {
  it.each([NAdamW, LAMB])('maximizes what its negative would minimize: %o', Class => {
    const [a, b] = [new Parameter(tensor([1, -2])), new Parameter(tensor([1, -2]))]
    const [up, down] = [new Class([a], { lr: 0.1, maximize: true }), new Class([b], { lr: 0.1 })]
    for (const gradient of [tensor([1, 2]), tensor([-3, 0.5])]) {
      a.grad = gradient
      b.grad = gradient.neg()
      for (const optimizer of [up, down]) optimizer.step()
    }
    expect(numbers(a)).toEqual(numbers(b))
    expect(numbers(a)).not.toEqual([1, -2])
  })

  it('lays its state out by index over all groups, under PyTorch’s names', () => {
    const params = pair()
    const optimizer = new Adam([{ params: [params[0]] }, { params: [params[1]], lr: 0.5 }])
    params[1].grad = tensor([[2], [0]])
    optimizer.step()
    const dict = optimizer.stateDict()
    expect(Object.keys(dict.state)).toEqual(['1'])
    expect(Object.keys(dict.state[1])).toEqual(['step', 'exp_avg', 'exp_avg_sq'])
    expect(dict.state[1].step).toBe(1)
    expectClose(dict.state[1].exp_avg as Tensor, [0.2, 0])
    const options = {
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      amsgrad: false,
      maximize: false,
    }
    expect(dict.paramGroups).toEqual([
      { ...options, lr: 1e-3, params: [0] },
      { ...options, lr: 0.5, params: [1] },
    ])
  })

  it('restores options with the state, and casts tensors to the parameter', () => {
    const [a] = pair()
    const first = new SGD([a], { lr: 0.1, momentum: 0.9 })
    a.grad = tensor([1, 1, 1])
    first.step()
    first.paramGroups[0].lr = 0.025
    const b = new Parameter(tensor([1, 2, 3], { dtype: 'float64' }))
    const second = new SGD([b], { lr: 0.1, momentum: 0.5 })
    second.loadStateDict(first.stateDict())
    expect(second.paramGroups[0]).toMatchObject({ lr: 0.025, momentum: 0.9 })
    expect(stateOf(second, b, 'momentum_buffer').dtype).toBe('float64')
  })

  it('refuses the state of another model, and keeps its own', () => {
    const params = pair()
    const optimizer = new SGD(params, { lr: 0.1, momentum: 0.9 })
    takeSteps(optimizer, params, 0, 1)
    const before = optimizer.stateDict()
    const { state, paramGroups } = before
    const refuse = (dict: OptimizerStateDict, message: RegExp) => {
      expect(() => optimizer.loadStateDict(dict)).toThrow(ArgumentError)
      expect(() => optimizer.loadStateDict(dict)).toThrow(message)
    }
    refuse({ state, paramGroups: [] }, /groups of 2 parameters but received groups of \./)
    refuse({ state: { 7: {} }, paramGroups }, /2 parameters but received one for index 7/)
    refuse({ state: { 0: state[1] }, paramGroups }, /\[3\] for `momentum_buffer` of parameter 0/)
    refuse({ state, paramGroups: [{ ...paramGroups[0], lr: -1 }] }, /`lr` but received -1/)
    expect(optimizer.stateDict()).toEqual(before)
  })

  it('adds groups later, and refuses what it cannot train', () => {
    const [a, b] = pair()
    const optimizer = new Adam([a], { lr: 0.1, betas: [0.5, 0.5] })
    optimizer.addParamGroup({ params: [b], lr: 0.2 })
    expect(optimizer.paramGroups.map(({ lr, betas }) => [lr, betas])).toEqual([
      [0.1, [0.5, 0.5]],
      [0.2, [0.5, 0.5]],
    ])
    expect(() => optimizer.addParamGroup({ params: [b] })).toThrow(/once but .* \[2,1\] twice/)
    expect(() => optimizer.addParamGroup({ params: [a.mul(2)] })).toThrow(/leaf tensors/)
    expect(() => new Adam([])).toThrow(/at least one/)
    expect(optimizer.paramGroups).toHaveLength(2)
  })

  it('shares no options between groups', () => {
    const [a, b] = pair()
    const optimizer = new Adam([{ params: [a] }, { params: [b] }])
    optimizer.paramGroups[0].betas[0] = 0
    expect(optimizer.paramGroups[1].betas[0]).toBe(0.9)
  })

  it.each<[string, () => unknown, RegExp]>([
    ['Adam', () => new Adam(pair(), { eps: -1 }), /`eps` but received -1/],
    ['Adam', () => new Adam(pair(), { betas: [1, 0.9] }), /< 1 for `betas\[0\]` but received 1/],
    [
      'AdamW',
      () => new AdamW(pair(), { weightDecay: Number.NaN }),
      /`weightDecay` but received NaN/,
    ],
    ['NAdamW', () => new NAdamW(pair(), { betas: [0.9, -0.1] }), /`betas\[1\]`/],
    ['LAMB', () => new LAMB(pair(), { maxGradNorm: 0 }), /`maxGradNorm` but received 0/],
    ['RMSprop', () => new RMSprop(pair(), { alpha: 1.5 }), /`alpha` but received 1\.5/],
    ['Lookahead', () => new Lookahead(new Adam(pair()), { k: 0 }), /`k` but received 0/],
    ['Lookahead', () => new Lookahead(new Adam(pair()), { alpha: 0 }), /`alpha` but received 0/],
    ['SAM', () => new SAM(new Adam(pair()), { rho: 0 }), /`rho` but received 0/],
  ])('%s refuses options out of range', (_, make, message) => {
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })

  it('steps bfloat16 parameters and those of other layouts', () => {
    const half = new Parameter(tensor([1, 2, 4], { dtype: 'bfloat16' }))
    const image = new Parameter(randn([2, 3, 4, 4]).to({ memoryFormat: 'channels_last' }))
    const optimizer = new Adam([half, image], { lr: 0.5 })
    half.grad = tensor([1, -1, 1], { dtype: 'bfloat16' })
    image.grad = image.detach().clone()
    optimizer.step()
    expectClose(half, [0.5, 2.5, 3.5], 0.01)
    expect(stateOf(optimizer, image, 'exp_avg').strides).toEqual(image.strides)
  })
})

describe('Lookahead', () => {
  it('goes on from a saved state exactly as without the break', () => {
    const make = (params: Tensor[]) => new Lookahead(new Adam(params, { lr: 0.1 }), { k: 4 })
    const [whole, first] = [pair(), pair()]
    takeSteps(make(whole), whole, 0, 10)
    const before = make(first)
    takeSteps(before, first, 0, 6)
    const second = first.map(param => new Parameter(param.detach().clone()))
    const after = make(second)
    after.loadStateDict(before.stateDict())
    takeSteps(after, second, 6, 10)
    expect(second.map(numbers)).toEqual(whole.map(numbers))
    expect(() => make([second[0]]).loadStateDict(before.stateDict())).toThrow(/\[3\],\[2,1\]/)
  })

  it('starts parameters that come later from what they are', () => {
    const [a, b] = pair()
    const lookahead = new Lookahead(new SGD([a], { lr: 1 }), { k: 1, alpha: 0.5 })
    lookahead.base.addParamGroup({ params: [b] })
    b.grad = tensor([[1], [1]])
    lookahead.step()
    expectClose(b, [-0.5, -0.75])
  })
})

describe('SAM', () => {
  it('is at w + rho g / ||g|| in the second pass, and back at w when that throws', () => {
    const w = new Parameter(tensor([3, 4]))
    const sam = new SAM(new SGD([w], { lr: 0.1 }), { rho: 0.5 })
    w.grad = tensor([3, 4])
    const failing = () => {
      expectClose(w, [3.3, 4.4])
      expect(w.grad).toBeNull()
      throw new RangeError('mine')
    }
    expect(() => sam.step(failing)).toThrow('mine')
    expect(numbers(w)).toEqual([3, 4])
  })

  it('takes its two steps in order', () => {
    const w = new Parameter(tensor([1]))
    const sam = new SAM(new SGD([w], { lr: 0.1 }))
    expect(() => sam.secondStep()).toThrow(/Expected firstStep\(\)/)
    w.grad = tensor([1])
    sam.firstStep()
    expect(() => sam.firstStep()).toThrow(/Expected secondStep\(\)/)
    w.grad = tensor([2])
    sam.secondStep()
    expectClose(w, [0.8])
  })

  it('returns to w with the gradients of the second pass, for who clips and steps himself', () => {
    const w = new Parameter(tensor([3, 4]))
    const base = new SGD([w], { lr: 0.1 })
    const sam = new SAM(base)
    w.grad = tensor([3, 4])
    sam.firstStep()
    w.grad = tensor([10, 20])
    sam.restore()
    expect(numbers(w)).toEqual([3, 4])
    expect(() => sam.secondStep()).toThrow(/Expected firstStep\(\)/)
    base.step()
    expectClose(w, [2, 2])
    sam.restore()
    expectClose(w, [2, 2])
  })

  it('goes down first where the optimizer maximizes', () => {
    const w = new Parameter(tensor([3, 4]))
    const sam = new SAM(new SGD([w], { lr: 0.1, maximize: true }), { rho: 0.5 })
    w.grad = tensor([3, 4])
    sam.firstStep()
    expectClose(w, [2.7, 3.6])
    w.grad = tensor([1, 2])
    sam.secondStep()
    expectClose(w, [3.1, 4.2])
  })

  it('trains a layer, and holds nothing between steps', () => {
    const layer = new Linear(4, 1)
    const [x, y] = [randn([32, 4]), randn([32, 1])]
    const sam = new SAM(new SGD(layer.parameters(), { lr: 0.1 }))
    const backward = () => layer(x).sub(y).square().mean().backward()
    const loss = () => tidy(() => layer(x).sub(y).square().mean().item())
    const before = loss()
    const train = () =>
      tidy(() => {
        for (let i = 0; i < 20; i++) {
          backward()
          sam.step(backward)
          sam.zeroGrad()
        }
      })
    expect(leaked(train)).toBe(0)
    expect(loss()).toBeLessThan(before)
  })
})
