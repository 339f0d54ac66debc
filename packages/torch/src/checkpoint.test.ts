// Recomputation: the same gradients, less kept, the same random numbers and precision.
import { describe, expect, it } from 'vitest'
import { autocast } from './amp/autocast.ts'
import { backward, grad, noGrad } from './autograd.ts'
import { checkpoint } from './checkpoint.ts'
import { from, tensor } from './create.ts'
import { DisposedError, TorchError } from './errors.ts'
import { defineFunction } from './function.ts'
import * as torch from './generated/functions.ts'
import { tidy } from './memory.ts'
import { Linear, ReLU, Sequential } from './nn/index.ts'
import { getRngState, manualSeed } from './random.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, leaked, numbers, samples } from './testing.test.util.ts'

const gradientsOf = (loss: Tensor, leaves: Tensor[]) =>
  (grad(loss, leaves) as Tensor[]).map(numbers)

function network() {
  manualSeed(1)
  const net = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 2))
  const x = samples([3, 4]).to('float32').requiresGrad_()
  return { net, x, leaves: [x, ...net.parameters()] }
}

describe('checkpoint', () => {
  it('gives the gradients of the plain call, by grad and by backward', () => {
    const { net, x, leaves } = network()
    const plain = gradientsOf(net(x).square().sum(), leaves)
    expect(gradientsOf(checkpoint(net, [x]).square().sum(), leaves)).toEqual(plain)
    checkpoint(net, [x]).square().sum().backward()
    expect(leaves.map(leaf => numbers(leaf.grad as Tensor))).toEqual(plain)
  })

  it('calls the work again in backward, once, and not at all without gradients', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    let calls = 0
    const work = (a: Tensor) => {
      calls++
      return a.exp().sin().mul(a)
    }
    const loss = checkpoint(work, [x]).sum()
    expect(calls).toBe(1)
    loss.backward()
    expect(calls).toBe(2)
    noGrad(() => checkpoint(work, [x]))
    expect(calls).toBe(3)
  })

  it('recomputes anew for each pass over a kept graph', () => {
    const x = tensor([1], { requiresGrad: true })
    let calls = 0
    const loss = checkpoint(
      a => {
        calls++
        return a.exp().exp()
      },
      [x] as [Tensor],
    ).sum()
    const first = gradientsOf(loss, [x])
    expect(first).toHaveLength(1)
    const kept = tensor([1], { requiresGrad: true })
    const again = checkpoint((a: Tensor) => a.exp().exp(), [kept]).sum()
    backward(again, null, { retainGraph: true })
    backward(again)
    expect((kept.grad as Tensor).item()).toBeCloseTo(2 * first[0][0], 4)
    expect(calls).toBe(2)
  })

  it('works where inputs want no gradient, are no tensors, or were released by their scope', () => {
    const weight = tensor([2], { requiresGrad: true })
    const loss = tidy(() => {
      const x = tensor([3]).add(0)
      return checkpoint(
        (a: Tensor, n: number, t: string) => a.mul(weight).pow(n + t.length),
        [x, 1, 'a'],
      ).sum()
    })
    loss.backward()
    expect((weight.grad as Tensor).item()).toBe(2 * 9 * 2)
  })

  it('says so when the work uses a tensor that is gone', () => {
    const x = tensor([1], { requiresGrad: true })
    const loss = tidy(() => {
      const factor = tensor([2]).add(0)
      return checkpoint((a: Tensor) => a.mul(factor).exp(), [x]).sum()
    })
    expect(() => loss.backward()).toThrow(DisposedError)
  })

  it('draws the same random numbers again, and leaves the stream where it was', () => {
    const x = torch.ones([64], { requiresGrad: true })
    manualSeed(3)
    const y = checkpoint((a: Tensor) => torch.dropout(a.exp(), 0.5, true).mul(a), [x])
    const dropped = numbers(y).map(value => value === 0)
    const before = numbers(getRngState())
    y.sum().backward()
    expect(numbers(x.grad as Tensor).map(value => value === 0)).toEqual(dropped)
    expect(numbers(getRngState())).toEqual(before)
  })

  it('draws others where that is not asked for', () => {
    const x = torch.ones([64], { requiresGrad: true })
    const work = (a: Tensor) => torch.dropout(a.exp(), 0.5, true).mul(a)
    const y = checkpoint(work, [x], { preserveRngState: false })
    const dropped = numbers(y).map(value => value === 0)
    y.sum().backward()
    expect(numbers(x.grad as Tensor).map(value => value === 0)).not.toEqual(dropped)
  })

  it('recomputes under the autocast of the first call, wherever backward is called', () => {
    const dtypes: string[] = []
    const work = (a: Tensor) => {
      const y = a.matmul(a)
      dtypes.push(y.dtype)
      return y.exp()
    }
    const x = torch.eye(3).requiresGrad_()
    const inside = autocast('cpu', () => checkpoint(work, [x]).sum())
    inside.backward()
    const outside = checkpoint(work, [x]).sum()
    autocast('cpu', () => outside.backward())
    expect(dtypes).toEqual(['bfloat16', 'bfloat16', 'float32', 'float32'])
  })

  it('may stand inside of another, and around a function of one’s own', () => {
    const square = defineFunction('Square', {
      forward(context, a: Tensor) {
        context.saveForBackward(a)
        return a.square()
      },
      backward: ({ savedTensors: [a] }, gradient) => gradient.mul(a).mul(2),
    })
    const plain = (a: Tensor) => a.sin().square().exp()
    const inner = (a: Tensor) => checkpoint((b: Tensor) => square(b).exp(), [a])
    const outer = (a: Tensor) => checkpoint((b: Tensor) => inner(b.sin()), [a])
    const x = samples([5]).requiresGrad_()
    expect(gradientsOf(outer(x).sum(), [x])).toEqual(gradientsOf(plain(x).sum(), [x]))
  })

  it('has second derivatives', () => {
    const x = tensor([0.5], { dtype: 'float64', requiresGrad: true })
    const [first] = grad(checkpoint((a: Tensor) => a.sin(), [x]).sum(), [x], {
      createGraph: true,
    }) as Tensor[]
    expect((grad(first.sum(), [x]) as Tensor[])[0].item()).toBeCloseTo(-Math.sin(0.5), 12)
  })

  it('notices a second call that is not like the first', () => {
    const x = tensor([1], { requiresGrad: true })
    let calls = 0
    const work = (a: Tensor) => (calls++ === 0 ? a.exp().sin() : a.exp())
    const loss = checkpoint(work, [x]).sum()
    expect(() => loss.backward()).toThrow(TorchError)
    calls = 0
    expect(() => checkpoint(work, [x]).sum().backward()).toThrow(
      /Expected the operations of the first call again, which saved 2 tensors, but received others, which saved 1/,
    )
  })

  it('hands on what the work throws, in either call, and holds nothing then', () => {
    const mine = new RangeError('mine')
    const x = tensor([1], { requiresGrad: true })
    let calls = 0
    const work = (a: Tensor) => {
      if (++calls === 2) throw mine
      return a.exp()
    }
    const step = () => tidy(() => checkpoint(work, [x]).sum().backward())
    expect(leaked(() => expect(step).toThrow(mine))).toBe(0)
    const refused = () => checkpoint((_: Tensor) => Promise.resolve() as never, [x])
    expect(refused).toThrow(/synchronous `work`/)
  })

  it('keeps nothing in between, where the plain call keeps what backward needs', async () => {
    const x = torch.ones([64], { requiresGrad: true })
    // A tensor that borrows an array keeps it from being collected for as long as it lives.
    const borrower = () => {
      const arrays: WeakRef<Float32Array>[] = []
      const work = (a: Tensor) => {
        const array = new Float32Array(64).fill(2)
        arrays.push(new WeakRef(array))
        return a.mul(from(array))
      }
      return { arrays, work }
    }
    const [plain, cheap] = [borrower(), borrower()]
    const losses = [tidy(() => plain.work(x).sum()), tidy(() => checkpoint(cheap.work, [x]).sum())]
    const held = async () => {
      tidy(() => x.add(1)) // the addon lets go of arrays after a call
      await collectGarbage()
      return [plain, cheap].map(({ arrays }) => arrays.filter(array => array.deref()).length)
    }
    await collectGarbage()
    expect(await held()).toEqual([1, 0])
    for (const loss of losses) loss.backward()
    expect(numbers(x.grad as Tensor)).toEqual(Array(64).fill(4))
    losses.splice(0)
    expect((await held())[1]).toBe(0)
  })
})
