// Derivatives against finite differences, and the modes that decide what is recorded.
import { describe, expect, it } from 'vitest'
import {
  enableGrad,
  grad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
} from './autograd.ts'
import { tensor } from './create.ts'
import { TorchError } from './errors.ts'
import * as torch from './generated/functions.ts'
import { tidy } from './memory.ts'
import { crossEntropy } from './nn/functional/index.ts'
import type { Tensor } from './tensor.ts'
import { expectClose, gradcheck, leaked, numbers, samples } from './testing.test.util.ts'

type Case = [name: string, f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]]

const x23 = samples([2, 3])
const y23 = samples([2, 3], 2, 0.5, 2)
const positive = samples([2, 3], 3, 0.5, 2)
const image = samples([2, 2, 4, 4], 4)
const kernel = samples([3, 2, 3, 3], 5)
const three = samples([3], 6, 0.5, 1.5)
const labels = tensor([2n, 0n])

const OPERATORS: Case[] = [
  ['add', (a, b) => a.add(b, { alpha: 3 }), [x23, y23]],
  ['sub, broadcast', (a, b) => a.sub(b), [x23, three]],
  ['mul', (a, b) => a.mul(b), [x23, y23]],
  ['div', (a, b) => a.div(b), [x23, y23]],
  ['pow', (a, b) => a.pow(b), [positive, y23]],
  ['neg', a => a.neg(), [x23]],
  ['exp', a => a.exp(), [x23]],
  ['log', a => a.log(), [positive]],
  ['sqrt', a => a.sqrt(), [positive]],
  ['rsqrt', a => a.rsqrt(), [positive]],
  ['square', a => a.square(), [x23]],
  ['abs', a => a.abs(), [positive]],
  ['sin', a => a.sin(), [x23]],
  ['tanh', a => a.tanh(), [x23]],
  ['sigmoid', a => a.sigmoid(), [x23]],
  ['relu', a => a.relu(), [x23]],
  ['leakyRelu', a => torch.leakyRelu(a, 0.2), [x23]],
  ['gelu', a => torch.gelu(a), [x23]],
  ['silu', a => torch.silu(a), [x23]],
  ['elu', a => torch.elu(a), [x23]],
  ['softplus', a => torch.softplus(a), [x23]],
  ['hardtanh', a => torch.hardtanh(a, -0.5, 0.5), [x23]],
  ['clamp', a => a.clamp(-0.4, 0.4), [x23]],
  ['where', (a, b) => torch.where(x23.gt(0), a, b), [x23, y23]],
  ['softmax', a => a.softmax(1), [x23]],
  ['logSoftmax', a => a.logSoftmax(0), [x23]],
  ['logsumexp', a => a.logsumexp([1]), [x23]],
  ['sum', a => a.sum([0], true), [x23]],
  ['mean', a => a.mean([1]), [x23]],
  ['var', a => a.var([1], false), [x23]],
  ['std', a => a.std([1]), [x23]],
  ['norm', a => a.norm(), [x23]],
  ['prod', a => a.prod(1), [positive]],
  ['amax', a => a.amax([1]), [x23]],
  ['cumsum', a => a.cumsum(1), [x23]],
  ['transpose', a => a.transpose(0, 1), [x23]],
  ['expand', a => a.expand([4, 2, 3]), [x23]],
  ['slice', a => a.slice(1, 1, 3), [x23]],
  ['cat', (a, b) => torch.cat([a, b], 1), [x23, y23]],
  ['stack', (a, b) => torch.stack([a, b]), [x23, y23]],
  ['indexSelect', a => a.indexSelect(1, tensor([2n, 2n])), [x23]],
  ['pad', a => torch.constantPadNd(a, [1, 2]), [x23]],
  ['matmul', (a, b) => a.matmul(b), [x23, samples([3, 2], 8)]],
  ['bmm', (a, b) => torch.bmm(a, b), [samples([2, 2, 3], 9), samples([2, 3, 1], 10)]],
  ['linear', (a, w, b) => torch.linear(a, w, b), [x23, samples([4, 3], 11), samples([4], 12)]],
  ['conv2d', (a, w, b) => torch.conv2d(a, w, b, 2, 1), [image, kernel, three]],
  ['avgPool2d', a => torch.avgPool2d(a, 2), [image]],
  ['maxPool2d', a => torch.maxPool2d(a, 2), [image]],
  ['adaptiveAvgPool2d', a => torch.adaptiveAvgPool2d(a, 1), [image]],
  [
    'batchNorm',
    (a, w, b) => torch.batchNorm(a, w, b, null, null, true, 0.1, 1e-5, false),
    [image, samples([2], 13, 0.5, 1), samples([2], 14)],
  ],
  ['crossEntropy', a => crossEntropy(a, labels, { labelSmoothing: 0.1 }), [x23]],
]

describe('gradients agree with finite differences for', () => {
  it.each(OPERATORS)('%s', (_, f, inputs) => {
    gradcheck(f, inputs)
  })
})

describe('grad', () => {
  it('differentiates twice: x^3 has 3 x^2 and 6 x', () => {
    const x = tensor([1, -2], { dtype: 'float64', requiresGrad: true })
    const [first] = grad(x.pow(3).sum(), [x], { createGraph: true }) as Tensor[]
    const [second] = grad(first.sum(), [x]) as Tensor[]
    expect(numbers(first)).toEqual([3, 12])
    expect(numbers(second)).toEqual([6, -12])
  })

  it('checks second derivatives of a convolution by finite differences of the first', () => {
    gradcheck(
      (a, w) =>
        enableGrad(() => {
          const inner = a.requiresGrad ? a : a.detach().requiresGrad_()
          const loss = torch.conv2d(inner, w).square().sum()
          return (grad(loss, [inner], { createGraph: true }) as [Tensor])[0]
        }),
      [samples([1, 1, 3, 3], 1), samples([1, 1, 2, 2], 2)],
    )
  })

  it('leaves .grad alone', () => {
    const x = tensor([2], { requiresGrad: true })
    grad(x.square().sum(), [x])
    expect(x.grad).toBeNull()
  })

  it('weighs outputs of any shape with gradOutputs', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    const [g] = grad(x.mul(3), [x], { gradOutputs: [tensor([1, 10])] }) as Tensor[]
    expect(numbers(g)).toEqual([3, 30])
  })

  it('gives null for unused inputs where allowed, and refuses them where not', () => {
    const [x, y] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })]
    const [gx, gy] = grad(x.mul(2).sum(), [x, y], { allowUnused: true })
    expect([gx?.item(), gy]).toEqual([2, null])
    expect(() => grad(x.mul(2).sum(), [x, y])).toThrow(TorchError)
    expect(() => grad(x.mul(2).sum(), [x, y])).toThrow(/to not have been used in the graph/)
  })

  it('refuses what is no tensor', () => {
    const x = tensor([1], { requiresGrad: true })
    expect(() => grad(5 as never, [x])).toThrow(/Expected tensors but received another value/)
    expect(() => grad(x.sum(), [null as never])).toThrow(TorchError)
  })

  it('writes many gradients through a tape that has to grow', () => {
    const inputs = Array.from({ length: 9000 }, () => tensor([1], { requiresGrad: true }))
    tidy(() => {
      const gradients = grad(torch.cat(inputs).square().sum(), inputs)
      expect(gradients).toHaveLength(9000)
      expect((gradients[8999] as Tensor).item()).toBe(2)
    })
  })
})

describe('backward', () => {
  it('accumulates into .grad, which can be set and cleared', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    x.square().sum().backward()
    x.square().sum().backward()
    expect(numbers(x.grad as Tensor)).toEqual([4, 8])
    x.grad = null
    expect(x.grad).toBeNull()
    x.grad = tensor([5, 5])
    expect(numbers(x.grad as unknown as Tensor)).toEqual([5, 5])
  })

  it('refuses a gradient that is not like its tensor', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    for (const wrong of [tensor([1]), tensor([1, 2], { dtype: 'float64' })])
      expect(() => {
        x.grad = wrong
      }).toThrow(/grad\(Tensor float32\[2\], .*the tensor's own shape, dtype and device/)
    expect(x.grad).toBeNull()
  })

  it('says that the graph is gone at a second pass, and keeps it when told', () => {
    const x = tensor([3], { requiresGrad: true })
    const y = x.square().sum()
    y.backward(null, { retainGraph: true })
    y.backward()
    expect((x.grad as Tensor).item()).toBe(12)
    expect(() => y.backward()).toThrow(TorchError)
    expect(() => y.backward()).toThrow(/backward through the graph a second time/)
  })

  it('refuses what recorded nothing, and outputs of several elements', () => {
    expect(() => tensor([1]).backward()).toThrow(/backward\(Tensor float32\[1\], null\): .*grad/)
    const x = tensor([1, 2], { requiresGrad: true })
    expect(() => x.mul(2).backward()).toThrow(/scalar outputs/)
    x.mul(2).backward(tensor([1, 10]))
    expect(numbers(x.grad as Tensor)).toEqual([2, 20])
  })

  it('works after the activations were released: autograd kept what it needs', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    const loss = tidy(() => x.exp().mul(x.sigmoid()).sum())
    loss.backward()
    const [expected] = grad(x.exp().mul(x.sigmoid()).sum(), [x]) as Tensor[]
    expectClose(x.grad as Tensor, numbers(expected))
  })
})

describe('requiresGrad_', () => {
  it('refuses to switch a result off', () => {
    const y = tensor([1], { requiresGrad: true }).mul(2)
    expect(() => y.requiresGrad_(false)).toThrow(/leaf tensor .* use detach\(\) instead/)
  })
})

describe('noGrad and enableGrad', () => {
  const x = tensor([1], { requiresGrad: true })
  const records = () => x.mul(2).requiresGrad

  it('nest, and restore what was before', () => {
    const seen = noGrad(() => [
      records(),
      enableGrad(() => [records(), noGrad(records)]),
      records(),
    ])
    expect(seen).toEqual([false, [true, false], false])
    expect(records()).toBe(true)
  })

  it('restore after a throw, ours or LibTorch’s', () => {
    expect(() =>
      noGrad(() => {
        throw new RangeError('mine')
      }),
    ).toThrow('mine')
    expect(() => noGrad(() => enableGrad(() => x.view([7])))).toThrow(TorchError)
    expect(records()).toBe(true)
  })

  it('refuse an async function, whose later part would run outside', () => {
    const late = async () => {}
    expect(() => noGrad(late)).toThrow(/synchronous `work`/)
    expect(() => enableGrad(late)).toThrow(/synchronous `work`/)
  })
})

describe('inferenceMode', () => {
  const x = tensor([2], { requiresGrad: true })

  it('records nothing, and its tensors never enter a graph', () => {
    const y = inferenceMode(() => x.mul(3))
    expect([y.item(), y.requiresGrad]).toEqual([6, false])
    expect(() => x.mul(y)).toThrow(/Inference tensors cannot be saved for backward/)
    expect(x.mul(2).requiresGrad).toBe(true)
  })

  it('nests, hands errors through as they are, and ends with them', () => {
    const mine = new RangeError('mine')
    const failing = () =>
      inferenceMode(() => {
        inferenceMode(() => x.add(1))
        throw mine
      })
    expect(failing).toThrow(mine)
    expect(() => inferenceMode(() => x.view([7]))).toThrow(TorchError)
    expect(() => inferenceMode(async () => {})).toThrow(/synchronous `work`/)
    expect(x.mul(2).requiresGrad).toBe(true)
  })

  it('releases what is made in it when the scope around it ends', () => {
    const work = () => void inferenceMode(() => tidy(() => x.exp().log().sum()))
    expect(leaked(() => tidy(work))).toBe(0)
  })
})

describe('isGradEnabled and isInferenceModeEnabled', () => {
  it('say what holds now', () => {
    const now = () => [isGradEnabled(), isInferenceModeEnabled()]
    expect(now()).toEqual([true, false])
    expect(noGrad(() => [now(), enableGrad(now)])).toEqual([
      [false, false],
      [true, false],
    ])
    expect(inferenceMode(now)).toEqual([false, true])
    expect(() =>
      inferenceMode(() => {
        throw new RangeError('mine')
      }),
    ).toThrow('mine')
    expect(now()).toEqual([true, false])
  })
})
