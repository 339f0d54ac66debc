// The tree of a model: what is registered, found by name, printed, frozen and loaded in part.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../errors.ts'
import { ones, zeros } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

class Net extends nn.Module {
  readonly stem = new nn.Conv2d(3, 4, 3, { bias: false })
  readonly layer1 = new nn.Sequential(new nn.BatchNorm2d(4), new nn.ReLU({ inplace: true }))

  override forward(x: Tensor): Tensor {
    return this.layer1(this.stem(x))
  }
}

describe('what is registered', () => {
  it('is a property, in the state dict under its name as given, after the fields', () => {
    const net = new Net()
    net.addModule('headBN', new nn.Linear(4, 2))
    net.registerParameter('gain', new nn.Parameter(ones([1])))
    net.registerBuffer('seenSoFar', zeros([2]))
    expect([...net.stateDict().keys()]).toEqual([
      'gain',
      'seenSoFar',
      'stem.weight',
      'layer1.0.weight',
      'layer1.0.bias',
      'layer1.0.running_mean',
      'layer1.0.running_var',
      'layer1.0.num_batches_tracked',
      'headBN.weight',
      'headBN.bias',
    ])
    expect((net as unknown as { headBN: nn.Module }).headBN).toBe(net.getSubmodule('headBN'))
  })

  it('replaces what was registered, but no field, method or dotted name', () => {
    const net = new Net().addModule('head', new nn.Identity())
    const head = new nn.ReLU()
    expect(net.addModule('head', head).getSubmodule('head')).toBe(head)
    for (const taken of ['stem', 'forward', 'training', 'a.b', ''])
      expect(() => net.addModule(taken, head)).toThrow(
        `a new name without a dot for \`name\` but received "${taken}" (Net)`,
      )
  })

  it('may be null, which is no parameter', () => {
    const net = new Net()
    net.registerParameter('bias', null)
    net.registerBuffer('mean', null)
    expect([...net.stateDict().keys()]).not.toContain('bias')
    expect(net.buffers()).toHaveLength(3)
  })

  it('is moved but not saved when a buffer is not persistent', () => {
    const net = new Net()
    net.registerBuffer('cache', zeros([2]), { persistent: false })
    expect([...net.stateDict().keys()]).not.toContain('cache')
    expect(net.to({ dtype: 'float64' }).getBuffer('cache').dtype).toBe('float64')
  })
})

describe('a dotted name', () => {
  const net = new Net()

  it('finds modules, parameters and buffers', () => {
    expect(net.getSubmodule('')).toBe(net)
    expect(net.getSubmodule('layer1.0')).toBe(net.layer1[0])
    expect(net.getParameter('stem.weight')).toBe(net.stem.weight)
    expect(net.getBuffer('layer1.0.running_mean').shape).toEqual([4])
  })

  it('of something else is refused', () => {
    expect(() => net.getSubmodule('layer1.7')).toThrow(/module below this Net .* "layer1.7"/)
    expect(() => net.getSubmodule('stem.weight')).toThrow(ArgumentError)
    expect(() => net.getParameter('layer1.0.running_mean')).toThrow(/of a parameter below/)
    expect(() => net.getBuffer('stem.weight')).toThrow(/of a buffer below/)
  })
})

describe('children and modules', () => {
  it('come once each, however often they are used', () => {
    const shared = new nn.ReLU()
    const net = new nn.Sequential(shared, new nn.Linear(1, 1), shared)
    expect(net.children()).toHaveLength(2)
    expect(net.modules()).toEqual([net, shared, net[1]])
    expect(Array.from(net.namedChildren(), ([name]) => name)).toEqual(['0', '1'])
  })
})

describe('requiresGrad_', () => {
  it('freezes every parameter and thaws it', () => {
    const net = new Net()
    expect(
      net
        .requiresGrad_(false)
        .parameters()
        .some(p => p.requiresGrad),
    ).toBe(false)
    expect(
      net
        .requiresGrad_()
        .parameters()
        .every(p => p.requiresGrad),
    ).toBe(true)
  })
})

describe('loadStateDict of an old checkpoint', () => {
  it('leaves the count of batches as it is where it is missing, and that alone', () => {
    const net = new nn.Sequential(new nn.BatchNorm1d(2), new nn.Linear(2, 2))
    net(ones([3, 2]))
    const state = new Map(net.stateDict())
    expect(state.delete('0.num_batches_tracked')).toBe(true)
    expect(net.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] })
    expect(net.getBuffer('0.num_batches_tracked').item()).toBe(1)
    state.delete('0.running_mean')
    expect(() => net.loadStateDict(state)).toThrow(/fit: missing 0\.running_mean\.$/)
  })
})

describe('loadStateDict without strict', () => {
  it('copies what fits by name and says what does not', () => {
    const layer = new nn.Linear(2, 1)
    const bias = numbers(layer.bias!)
    const state = new Map<string, Tensor>([
      ['weight', ones([1, 2])],
      ['extra', zeros([1])],
    ])
    expect(layer.loadStateDict(state, { strict: false })).toEqual({
      missingKeys: ['bias'],
      unexpectedKeys: ['extra'],
    })
    expect([numbers(layer.weight), numbers(layer.bias!)]).toEqual([[1, 1], bias])
    expect(layer.loadStateDict(layer.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] })
  })

  it('still refuses another shape', () => {
    const layer = new nn.Linear(2, 1)
    const state = new Map<string, Tensor>([['weight', ones([2, 2])]])
    expect(() => layer.loadStateDict(state, { strict: false })).toThrow(
      'does not fit: of another shape weight is [2,2], expected [1,2].',
    )
  })
})

describe('printing', () => {
  it('shows the tree as PyTorch does', () => {
    const text = `Net(
  (stem): Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), bias=False)
  (layer1): Sequential(
    (0): BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (1): ReLU(inplace=True)
  )
)`
    expect(String(new Net())).toBe(text)
    expect(inspect(new Net())).toBe(text)
  })

  it('shows what a module says of itself, several lines indented', () => {
    class Said extends nn.Module {
      inner = new nn.Identity()
      override forward(x: Tensor): Tensor {
        return x
      }
      override extraRepr(): string {
        return 'one\ntwo'
      }
    }
    expect(String(new Said())).toBe('Said(\n  one\n  two\n  (inner): Identity()\n)')
  })
})
