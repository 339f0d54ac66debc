// Containers: order, names, and what they refuse.
import { describe, expect, expectTypeOf, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError } from '../errors.ts'
import { ones, zeros } from '../generated/functions.ts'
import { keep, liveTensors } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

const keys = (module: nn.AnyModule) => [...module.stateDict().keys()]

describe('Sequential', () => {
  it('calls what is appended or added under a name, in that order', () => {
    const net = new nn.Sequential(new nn.ReLU()).append(new nn.Threshold(1, 7))
    net.addModule('pad', new nn.ZeroPad1d([1, 0]))
    expect(numbers(net(tensor([[-1, 2]])))).toEqual([0, 7, 2])
    expect(net).toHaveLength(3)
    expect(net.at(-1)).toBe(net.getSubmodule('pad'))
    expect(net.at(3)).toBeUndefined()
    expect([...net]).toEqual(net.children())
  })

  it('calls a module twice that stands in it twice', () => {
    const twice = new nn.ZeroPad1d([1, 0])
    expect(new nn.Sequential(twice, twice)(ones([1, 1])).shape).toEqual([1, 3])
  })

  it('holds no more tensors however many modules it has', () => {
    const net = new nn.Sequential(...Array.from({ length: 9 }, () => new nn.ZeroPad1d([1, 0])))
    const live = net.children().map(() => 0)
    net.children().forEach((module, i) => {
      module.registerForwardHook(() => {
        live[i] = liveTensors().tensors
      })
    })
    expect(net(ones([1, 1])).shape).toEqual([1, 10])
    expect(new Set(live.slice(1)).size).toBe(1)
  })

  it('leaves its input, what passes through, and what hooks keep', () => {
    const net = new nn.Sequential(
      new nn.Identity(),
      new nn.ReLU(),
      new nn.Identity(),
      new nn.ReLU(),
    )
    const kept: Tensor[] = []
    net[1].registerForwardHook((_, __, y: Tensor) => {
      kept.push(keep(y))
    })
    const x = tensor([-1, 2])
    expect(numbers(net(x))).toEqual([0, 2])
    expect(numbers(x)).toEqual([-1, 2])
    expect(numbers(kept[0])).toEqual([0, 2])
  })
})

describe('ModuleList', () => {
  it('holds modules in order and keeps their type', () => {
    const list = new nn.ModuleList([new nn.Linear(2, 3), new nn.Linear(3, 4)])
    list.append(new nn.Linear(4, 1)).extend([new nn.Linear(1, 1)])
    expectTypeOf(list[0]).toEqualTypeOf<nn.Linear>()
    expect(Array.from(list, layer => layer.outFeatures)).toEqual([3, 4, 1, 1])
    expect(list).toHaveLength(4)
    expect(keys(list).slice(-2)).toEqual(['3.weight', '3.bias'])
  })

  it('cannot be called', () => {
    expect(() => new nn.ModuleList()()).toThrow(ArgumentError)
    expect(() => new nn.ModuleList()()).toThrow(/a forward of its own but received a ModuleList/)
  })
})

describe('ModuleDict', () => {
  it('holds modules under names as given', () => {
    const dict = new nn.ModuleDict({ leftArm: new nn.Linear(1, 1), BN: new nn.BatchNorm1d(1) })
    expect(keys(dict).slice(0, 3)).toEqual(['leftArm.weight', 'leftArm.bias', 'BN.weight'])
    expect([...dict.keys()]).toEqual(['leftArm', 'BN'])
    expect([dict.size, dict.has('BN'), dict.has('bn')]).toEqual([2, true, false])
    expect(dict.get('BN')).toBeInstanceOf(nn.BatchNorm1d)
    expect(() => dict.get('bn')).toThrow(ArgumentError)
    expect(() => dict()).toThrow(/received a ModuleDict/)
  })

  it('replaces, updates and deletes', () => {
    const dict = new nn.ModuleDict<nn.Module>([['a', new nn.ReLU()]])
    const tanh = new nn.Tanh()
    dict.set('a', tanh).update({ b: new nn.ReLU() })
    expect([...dict.values()]).toEqual([tanh, dict.get('b')])
    expect([dict.delete('a'), dict.delete('a')]).toEqual([true, false])
    expect(Array.from(dict, ([name]) => name)).toEqual(['b'])
    for (const taken of ['forward', 'keys', 'a.b'])
      expect(() => dict.set(taken, tanh)).toThrow(ArgumentError)
  })
})

describe('ParameterList', () => {
  it('makes parameters of tensors and names them by position', () => {
    const own = new nn.Parameter(zeros([1]))
    const list = new nn.ParameterList([own, ones([2, 3])]).append(ones([]))
    expect([...list]).toEqual(list.parameters())
    expect([list[0], list.length, keys(list)]).toEqual([own, 3, ['0', '1', '2']])
    expect(list[1].requiresGrad).toBe(true)
    expect(String(list)).toContain('(1): Parameter containing: [torch.float32 of size 2x3]')
  })
})
