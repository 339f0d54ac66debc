// Module: names, state, hooks, scopes, modes.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError, DisposedError } from '../errors.ts'
import { ones, zeros } from '../generated/functions.ts'
import { keep, liveTensors } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { leaked, numbers } from '../testing.test.util.ts'
import {
  type AnyModule,
  BatchNorm2d,
  Buffer,
  Conv2d,
  Dropout,
  Linear,
  Module,
  Parameter,
  ReLU,
  Sequential,
} from './index.ts'

class Block extends Module {
  conv1 = new Conv2d(2, 2, 1, { bias: false })
  bn1 = new BatchNorm2d(2)
  skipGain = new Parameter(zeros([]))
  readonly act = new ReLU()

  override forward(x: Tensor): Tensor {
    return this.act(this.bn1(this.conv1(x))).mul(this.skipGain)
  }
}

class Double extends Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2)
  }
}

describe('state', () => {
  it('is named as in PyTorch: a module’s own parameters, then its buffers, then its children', () => {
    const net = new Sequential(new Block(), new Linear(2, 1))
    expect([...net.stateDict().keys()]).toEqual([
      '0.skip_gain',
      '0.conv1.weight',
      '0.bn1.weight',
      '0.bn1.bias',
      '0.bn1.running_mean',
      '0.bn1.running_var',
      '0.bn1.num_batches_tracked',
      '1.weight',
      '1.bias',
    ])
    expect(Array.from(net.namedParameters(), ([name]) => name)).not.toContain('0.bn1.running_mean')
    expect(Array.from(net.namedBuffers(), ([name]) => name)).toHaveLength(3)
    expect(Array.from(net.namedModules(), ([name]) => name)).toEqual([
      '',
      '0',
      '0.conv1',
      '0.bn1',
      '0.act',
      '1',
    ])
  })

  it('names a shared module’s parameters once, and saves it under each name', () => {
    const shared = new Linear(2, 2)
    const net = new Sequential(shared, new ReLU(), shared)
    expect(Array.from(net.namedParameters(), ([name]) => name)).toEqual(['0.weight', '0.bias'])
    expect([...net.stateDict().keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    expect(Array.from(net.namedModules(), ([name]) => name)).toEqual(['', '0', '1'])
  })

  it('goes from one model to another', () => {
    const [a, b] = [new Block(), new Block()]
    a(ones([2, 2, 2, 2]))
    b.loadStateDict(a.stateDict())
    for (const [name, value] of a.stateDict())
      expect(b.stateDict().get(name)?.toArray()).toEqual(value.toArray())
    expect(b.bn1.numBatchesTracked?.item()).toBe(1)
    expect(b.conv1.weight.requiresGrad).toBe(true)
  })

  it('that does not fit is refused with every difference, and nothing is copied', () => {
    const layer = new Linear(2, 1)
    const before = numbers(layer.weight)
    const state = new Map<string, Tensor>([
      ['weight', zeros([2, 2])],
      ['extra', zeros([1])],
    ])
    expect(() => layer.loadStateDict(state)).toThrow(ArgumentError)
    expect(() => layer.loadStateDict(state)).toThrow(
      'this Linear but it does not fit: missing bias; unexpected extra; of another shape weight is [2,2], expected [1,2]',
    )
    expect(numbers(layer.weight)).toEqual(before)
  })
})

describe('a call', () => {
  it('has the types of forward', () => {
    class TwoIn extends Module<[Tensor, number], [Tensor, Tensor]> {
      override forward(x: Tensor, n: number): [Tensor, Tensor] {
        return [x.mul(n), x.add(n)]
      }
    }
    const module = new TwoIn()
    expectTypeOf(module).parameters.toEqualTypeOf<[Tensor, number]>()
    expectTypeOf(new Conv2d(1, 1, 1)).toExtend<Module>()
    const any: AnyModule = module
    expect(any).toBe(module)
    const [product, sum] = module(tensor([3]), 2)
    expect([product.item(), sum.item()]).toEqual([6, 5])
    expect(module).toBeInstanceOf(TwoIn)
    expect(typeof module).toBe('function')
  })

  it('releases activations, keeps what is returned', () => {
    class Deep extends Module {
      inner = new Double()
      override forward(x: Tensor): Tensor {
        return this.inner(this.inner(x)).add(1)
      }
    }
    const [deep, x] = [new Deep(), tensor([1])]
    const before = liveTensors().tensors
    expect(deep(x).item()).toBe(5)
    expect(liveTensors().tensors - before).toBe(1)
  })

  it('releases a tensor stored on `this` unless it is kept, with an error that says so', () => {
    class Storing extends Module {
      last: Tensor | null = null
      kept: Tensor | null = null
      override forward(x: Tensor): Tensor {
        this.last = x.add(1)
        this.kept = keep(x.add(2))
        return x
      }
    }
    const module = new Storing()
    module(tensor([1]))
    expect(() => module.last?.item()).toThrow(DisposedError)
    expect(() => module.last?.item()).toThrow(/Module call that made it.* keep\(\) it/)
    expect(module.kept?.item()).toBe(3)
  })

  it('releases everything when forward or a hook throws', () => {
    class Failing extends Module {
      override forward(x: Tensor): Tensor {
        return x.add(1).view([99])
      }
    }
    const x = tensor([1])
    expect(leaked(() => expect(() => new Failing()(x)).toThrow(/view/))).toBe(0)
    const module = new Double()
    module.registerForwardHook(() => {
      throw new RangeError('hook')
    })
    expect(leaked(() => expect(() => module(x)).toThrow('hook'))).toBe(0)
  })

  it('refuses a forward that returns a promise', () => {
    class Late extends Module<[Tensor], Promise<Tensor>> {
      override async forward(x: Tensor): Promise<Tensor> {
        return x
      }
    }
    expect(() => new Late()(tensor([1]))).toThrow(/synchronous `forward`/)
  })
})

describe('hooks', () => {
  it('run in order of registration, each seeing what the one before returned', () => {
    const module = new Double()
    const seen: number[] = []
    module.registerForwardPreHook((_, [x]) => [x.add(1)])
    module.registerForwardPreHook((_, [x]) => [x.mul(10)])
    module.registerForwardHook((self, [x], y) => {
      expect(self).toBe(module)
      seen.push(x.item(), y.item())
      return y.neg()
    })
    module.registerForwardHook((_, __, y) => void seen.push(y.item()))
    expect(module(tensor([1])).item()).toBe(-40)
    expect(seen).toEqual([20, 40, -40])
  })

  it('are removed one registration at a time', () => {
    const module = new Double()
    const addOne = (_: unknown, __: unknown, y: Tensor) => y.add(1)
    const [first, second] = [module.registerForwardHook(addOne), module.registerForwardHook(addOne)]
    expect(module(tensor([1])).item()).toBe(4)
    first.remove()
    first.remove()
    expect(module(tensor([1])).item()).toBe(3)
    second.remove()
    expect(module(tensor([1])).item()).toBe(2)
  })

  it('may remove themselves while they run', () => {
    const module = new Double()
    let runs = 0
    const handle = module.registerForwardPreHook(() => {
      runs++
      handle.remove()
    })
    module(tensor([1]))
    module(tensor([1]))
    expect(runs).toBe(1)
  })
})

describe('train and eval', () => {
  it('reach every module below', () => {
    const net = new Sequential(new Sequential(new Dropout()), new BatchNorm2d(1))
    expect(net.eval()).toBe(net)
    expect(Array.from(net.namedModules(), ([, m]) => m.training)).toEqual([
      false,
      false,
      false,
      false,
    ])
    net.train()
    expect(Array.from(net.namedModules(), ([, m]) => m.training)).toEqual([true, true, true, true])
  })
})

describe('to', () => {
  it('converts floating-point tensors in place, channels last for four dimensions', () => {
    const block = new Block()
    const { weight } = block.conv1
    const count = leaked(() => block.to({ dtype: 'float64', memoryFormat: 'channels_last' }))
    expect(count).toBe(0)
    expect(block.conv1.weight).toBe(weight)
    expect([weight.dtype, weight.requiresGrad, weight.isLeaf]).toEqual(['float64', true, true])
    expect(weight.strides).toEqual([2, 1, 2, 2])
    expect([block.bn1.runningVar?.dtype, block.bn1.numBatchesTracked?.dtype]).toEqual([
      'float64',
      'int64',
    ])
    block(ones([1, 2, 2, 2], { dtype: 'float64' }))
      .sum()
      .backward()
    expect(weight.grad?.dtype).toBe('float64')
  })

  it('takes gradients along, so that an optimizer finds both of one dtype', () => {
    const layer = new Linear(2, 1)
    layer(ones([1, 2]))
      .sum()
      .backward()
    layer.to({ dtype: 'float64' })
    expect([layer.weight.dtype, layer.weight.grad?.dtype]).toEqual(['float64', 'float64'])
    expect(numbers(layer.weight.grad as Tensor)).toEqual([1, 1])
  })
})

describe('Parameter and Buffer', () => {
  it('share memory with their data, want a gradient or none, and outlive the scope', () => {
    const data = zeros([2])
    const [parameter, buffer] = [new Parameter(data), new Buffer(data)]
    data.fill_(3)
    expect([numbers(parameter), numbers(buffer)]).toEqual([
      [3, 3],
      [3, 3],
    ])
    expect([parameter.requiresGrad, parameter.isLeaf, buffer.requiresGrad]).toEqual([
      true,
      true,
      false,
    ])
    expect(new Parameter(data, false).requiresGrad).toBe(false)
  })

  it('zeroGrad forgets gradients', () => {
    const layer = new Linear(2, 1)
    layer(ones([1, 2]))
      .sum()
      .backward()
    expect(layer.weight.grad).not.toBeNull()
    layer.zeroGrad()
    expect([layer.weight.grad, layer.bias?.grad]).toEqual([null, null])
  })
})
