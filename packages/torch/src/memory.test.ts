// When tensors live and die: scopes, keeping, the collector as backstop, whole training runs.
import { describe, expect, it } from 'vitest'
import { grad, noGrad } from './autograd.ts'
import { callOperator } from './call.ts'
import { checkpoint } from './checkpoint.ts'
import { from, tensor } from './create.ts'
import { setNumThreads } from './engine.ts'
import { ArgumentError, DisposedError, TorchError } from './errors.ts'
import * as torch from './generated/functions.ts'
import { keep, liveTensors, tidy } from './memory.ts'
import { BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Sequential } from './nn/index.ts'
import { SGD } from './optim/index.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, leaked } from './testing.test.util.ts'

// Networks this small only lose by a second thread, and lose much where other tests run beside them.
setNumThreads(1)

const one = () => tensor([1])

describe('tidy', () => {
  it('releases what is made inside and not returned', () => {
    let inner: Tensor | undefined
    const before = liveTensors().tensors
    const result = tidy(() => {
      inner = one()
      return inner.add(1)
    })
    expect(liveTensors().tensors - before).toBe(1)
    expect(inner?.isDisposed).toBe(true)
    expect(result.item()).toBe(2)
  })

  it('lets tensors in arrays, maps, plain objects and their nesting live', () => {
    const cyclic: Record<string, unknown> = {}
    const result = tidy(() => {
      one()
      cyclic.self = [cyclic]
      cyclic.tensor = one()
      const bare = Object.assign(Object.create(null), { x: one() })
      return { list: [one(), [one()]], map: new Map([['k', { x: one() }]]), bare, cyclic, n: 3 }
    })
    const inside = [
      result.list[0],
      result.map.get('k')?.x,
      result.bare.x,
      cyclic.tensor,
    ] as Tensor[]
    expect(inside.map(x => x.isDisposed)).toEqual([false, false, false, false])
  })

  it('nests: what an inner scope returns belongs to the outer', () => {
    let middle: Tensor | undefined
    const before = liveTensors().tensors
    tidy(() => {
      middle = tidy(() => one().add(1))
      expect(middle.item()).toBe(2)
    })
    expect(middle?.isDisposed).toBe(true)
    expect(liveTensors().tensors).toBe(before)
  })

  it('leaves tensors of an outer scope, returned from an inner one, to the outer', () => {
    tidy(() => {
      const outer = one()
      expect(tidy(() => outer)).toBe(outer)
      tidy(() => outer.add(1))
      expect(outer.isDisposed).toBe(false)
    })
    const free = one()
    tidy(() => tidy(() => free))
    expect(free.isDisposed).toBe(false)
  })

  it('releases everything on a throw, at any depth, and ends its scope', () => {
    const work = () =>
      tidy(() => {
        one()
        tidy(() => {
          one().view([7])
        })
      })
    expect(leaked(() => expect(work).toThrow(TorchError))).toBe(0)
    const after = one()
    expect(after.isDisposed).toBe(false)
  })

  it('refuses a promise, releasing what was made', () => {
    const work = () => tidy(async () => one())
    expect(leaked(() => expect(work).toThrow(ArgumentError))).toBe(0)
    expect(work).toThrow(/synchronous `work` but received one that returns a promise/)
  })
})

const layer = new Linear(2, 2)

/** Mistakes of every kind, each after tensors were made. */
const MISTAKES: [string, (x: Tensor) => unknown][] = [
  ['a wrong shape', x => x.add(1).view([7])],
  ['a wrong dtype', x => torch.embedding(x.mul(2), x)],
  ['a wrong argument', x => x.mul(2).sum('x' as never)],
  ['a list with one wrong entry', x => torch.cat([x.mul(2), one().view([1, 1])])],
  ['a result of several tensors', x => x.mul(2).topk(5)],
  ['an operator that is not there', x => callOperator('aten::none', '', x.mul(2))],
  [
    'no memory',
    x =>
      x
        .mul(2)
        .expand([2 ** 50])
        .contiguous(),
  ],
  ['a write to a leaf', x => x.mul_(x.add(1))],
  ['backward of nothing recorded', x => x.detach().mul(2).backward()],
  [
    'an input that was not used',
    x => grad(x.mul(2).sum(), [x, tensor([1], { requiresGrad: true })]),
  ],
  ['data that does not fit', () => from(new Float32Array(3), [4])],
  ['an index out of range', x => x.mul(2).indexSelect(0, tensor([5n]))],
  ['a parameter of another shape', x => layer.loadStateDict(new Map([['weight', x.mul(2)]]))],
  ['a hook', x => failingHook(x.mul(2)).sum().backward()],
  ['a recomputation', x => checkpoint(failingLater(), [x]).sum().backward()],
]

function failingHook(y: Tensor): Tensor {
  y.registerHook(gradient => gradient.add(1).view([7]))
  return y
}

function failingLater(): (x: Tensor) => Tensor {
  let calls = 0
  return x => (calls++ === 0 ? x.exp() : x.exp().view([7]))
}

describe('a mistake inside a scope', () => {
  it.each(MISTAKES)('leaves nothing behind: %s', (_, mistake) => {
    const x = tensor([1], { requiresGrad: true })
    const work = () =>
      tidy(() => {
        one()
        tidy(() => [x.exp(), mistake(x)])
      })
    expect(leaked(() => expect(work).toThrow())).toBe(0)
  })
})

describe('keep', () => {
  it('takes tensors out of all scopes', () => {
    const kept: Tensor[] = []
    tidy(() => tidy(() => kept.push(...keep([one(), one()]))))
    expect(kept.map(x => x.isDisposed)).toEqual([false, false])
    expect(keep(kept[0])).toBe(kept[0])
  })

  it('refuses a tensor that is gone', () => {
    const x = one()
    x.dispose()
    expect(() => keep(x)).not.toThrow()
    let gone: Tensor | undefined
    tidy(() => {
      gone = one()
      gone.dispose()
      expect(() => keep(gone)).toThrow(DisposedError)
    })
  })
})

describe('dispose', () => {
  it('may be called twice, inside a scope too, and names the cause at a later use', () => {
    tidy(() => {
      const x = one()
      x.dispose()
      x.dispose()
      expect(() => x.item()).toThrow(/was released: its scope .* or dispose\(\) was called/)
      expect(String(Object(x)[Symbol.for('nodejs.util.inspect.custom')]())).toBe('Tensor(released)')
    })
  })

  it('is what `using` does at the end of a block', () => {
    let outside: Tensor
    {
      using x = one()
      outside = x
    }
    expect(outside.isDisposed).toBe(true)
  })
})

describe('the garbage collector', () => {
  it('releases tensors that no scope owns', async () => {
    await collectGarbage()
    const before = liveTensors().tensors
    for (let i = 0; i < 100; i++) one()
    expect(liveTensors().tensors).toBeGreaterThanOrEqual(before + 100)
    await collectGarbage()
    expect(liveTensors().tensors).toBeLessThanOrEqual(before)
  })

  it('does not release a slot that was given to another tensor in the meantime', async () => {
    for (let i = 0; i < 100; i++) one().dispose()
    const heirs = Array.from({ length: 100 }, (_, i) => tensor([i]))
    await collectGarbage()
    expect(heirs.map(x => x.item())).toEqual(heirs.map((_, i) => i))
  })
})

function smallNet() {
  const net = new Sequential(
    new Conv2d(1, 4, 3, { padding: 1 }),
    new BatchNorm2d(4),
    new ReLU(),
    new Flatten(),
    new Linear(4 * 64, 2),
  )
  const optimizer = new SGD(net.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 })
  const [x, y] = [torch.randn([8, 1, 8, 8]), torch.zeros([8], { dtype: 'int64' })]
  const step = () =>
    tidy(() => {
      net(x).logSoftmax(1).nllLoss(y).backward()
      optimizer.step()
      optimizer.zeroGrad()
    })
  return { net, step, x }
}

describe('training', () => {
  it('holds as many tensors after 1,000 steps as after one', () => {
    const { step } = smallNet()
    step()
    expect(
      leaked(() => {
        for (let i = 0; i < 1000; i++) step()
      }),
    ).toBe(0)
  })

  it('does so with hooks, checkpoints and errors in between', () => {
    const { net, x } = smallNet()
    const step = () =>
      tidy(() => {
        const y = checkpoint(net, [x])
        const handle = y.registerHook(gradient => gradient.mul(2))
        y.square().mean().backward(null, { retainGraph: true })
        handle.remove()
        y.registerHook(gradient => gradient.view([7]))
        expect(() => y.sum().backward()).toThrow(TorchError)
        net.zeroGrad()
      })
    step()
    expect(
      leaked(() => {
        for (let i = 0; i < 100; i++) step()
      }),
    ).toBe(0)
  })

  it('keeps the resident set flat over 200 steps', () => {
    const net = new Sequential(
      new Conv2d(3, 16, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(16, 16, 3),
    )
    const optimizer = new SGD(net.parameters(), { lr: 0.01 })
    const step = () =>
      tidy(() => {
        net(torch.randn([16, 3, 32, 32]))
          .square()
          .mean()
          .backward()
        optimizer.step()
        optimizer.zeroGrad()
      })
    for (let i = 0; i < 20; i++) step()
    const before = process.memoryUsage().rss
    for (let i = 0; i < 200; i++) step()
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
  })

  it('releases activations of a Module call without any scope of the user’s', () => {
    const { net, x } = smallNet()
    const before = liveTensors().tensors
    const y = noGrad(() => net(x))
    expect(liveTensors().tensors - before).toBe(1)
    y.dispose()
  })
})
