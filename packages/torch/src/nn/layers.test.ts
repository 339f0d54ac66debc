// Layers against values worked out by hand, and the distributions that parameters start from.
import { describe, expect, it } from 'vitest'
import { from, tensor } from '../create.ts'
import { ArgumentError, ShapeError, TorchError } from '../errors.ts'
import { ones, randn, zeros } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import { manualSeed } from '../random.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, numbers, runScript, samples } from '../testing.test.util.ts'
import * as nn from './index.ts'

const image = (values: number[], side: number) =>
  from(Float32Array.from(values), [1, 1, side, side])
const counting = (side: number) =>
  image(
    Array.from({ length: side * side }, (_, i) => i + 1),
    side,
  )

describe('Conv2d', () => {
  it('with a kernel of one in the middle returns its input', () => {
    const conv = new nn.Conv2d(1, 1, 3, { padding: 1, bias: false })
    conv.loadStateDict(new Map([['weight', image([0, 0, 0, 0, 1, 0, 0, 0, 0], 3)]]))
    expect(numbers(conv(counting(4)))).toEqual(numbers(counting(4)))
  })

  it('with a kernel of ones sums windows, by stride, padding and dilation', () => {
    const sums = (options: nn.Conv2dOptions) => {
      const conv = new nn.Conv2d(1, 1, 2, { bias: false, ...options })
      nn.init.ones_(conv.weight)
      return conv(counting(3)).toArray()
    }
    expect(sums({})).toEqual([
      [
        [
          [12, 16],
          [24, 28],
        ],
      ],
    ])
    expect(sums({ stride: 2 })).toEqual([[[[12]]]])
    expect(sums({ padding: [1, 0], stride: [2, 1] })).toEqual([
      [
        [
          [3, 5],
          [24, 28],
        ],
      ],
    ])
    expect(sums({ dilation: 2 })).toEqual([[[[20]]]])
  })

  it('convolves groups apart', () => {
    const conv = new nn.Conv2d(2, 2, 1, { groups: 2, bias: false })
    conv.loadStateDict(new Map([['weight', from(Float32Array.of(10, 100), [2, 1, 1, 1])]]))
    expect(numbers(conv(from(Float32Array.of(1, 2), [1, 2, 1, 1])))).toEqual([10, 200])
    expect(() => new nn.Conv2d(3, 4, 1, { groups: 2 })).toThrow(ArgumentError)
  })

  it('refuses other channels in LibTorch’s words, with the shapes', () => {
    expect(() => new nn.Conv2d(3, 4, 3)(zeros([1, 2, 8, 8]))).toThrow(TorchError)
    expect(() => new nn.Conv2d(3, 4, 3)(zeros([1, 2, 8, 8]))).toThrow(
      /float32\[1, 2, 8, 8\].*to have 3 channels/,
    )
  })
})

describe('Linear', () => {
  it('is x W^T + b over the last dimension', () => {
    const layer = new nn.Linear(2, 1)
    layer.loadStateDict(
      new Map([
        ['weight', tensor([[2, 3]])],
        ['bias', tensor([10])],
      ]),
    )
    expect(
      layer(
        tensor([
          [
            [1, 1],
            [0, 2],
          ],
        ]),
      ).toArray(),
    ).toEqual([[[15], [16]]])
  })
})

describe('BatchNorm2d', () => {
  const x = () => from(Float32Array.of(1, 3, 5, 7), [2, 1, 1, 2])

  it('normalizes by the batch in training and keeps the unbiased variance', () => {
    const bn = new nn.BatchNorm2d(1, { eps: 0 })
    const unit = 1 / Math.sqrt(5)
    expectClose(bn(x()), [-3 * unit, -unit, unit, 3 * unit])
    expectClose(bn.runningMean!, [0.4])
    expectClose(bn.runningVar!, [0.9 + (0.1 * 20) / 3])
    expect(bn.numBatchesTracked!.item()).toBe(1)
  })

  it('normalizes by the running statistics in evaluation and leaves them alone', () => {
    const bn = new nn.BatchNorm2d(1, { eps: 0 }).eval()
    bn.runningMean!.fill_(1)
    bn.runningVar!.fill_(4)
    expectClose(bn(x()), [0, 1, 2, 3])
    expect([bn.runningMean!.item(), bn.numBatchesTracked!.item()]).toEqual([1, 0])
  })

  it('refuses other channels, other dimensions, and one value per channel in training', () => {
    const bn = new nn.BatchNorm2d(2)
    expect(() => bn(zeros([1, 3, 2, 2]))).toThrow(ShapeError)
    expect(() => bn(zeros([4, 2]))).toThrow(/\(N, 2, H, W\).* received \[4, 2\]/)
    expect(() => bn(zeros([1, 2, 1, 1]))).toThrow(/more than one value per channel/)
    expect(bn.numBatchesTracked!.item()).toBe(0)
    expect(bn.eval()(zeros([1, 2, 1, 1])).shape).toEqual([1, 2, 1, 1])
  })
})

describe('Dropout', () => {
  it('zeroes a share p and scales the rest, in training only', () => {
    manualSeed(1)
    const x = ones([100_000])
    const y = numbers(new nn.Dropout(0.3)(x))
    const dropped = y.filter(value => value === 0).length / y.length
    expect(dropped).toBeCloseTo(0.3, 2)
    expect(Math.max(...y.slice(0, 1000))).toBeCloseTo(1 / 0.7, 5)
    expect(new nn.Dropout(0.3).eval()(x)).toBe(x)
    expect(new nn.Dropout(1)(x).sum().item()).toBe(0)
    expect(() => new nn.Dropout(1.1)).toThrow(/from 0 to 1 for `p` but received 1.1/)
  })
})

describe('pooling', () => {
  it('takes means and maxima over windows', () => {
    const x = counting(4)
    expect(numbers(new nn.AvgPool2d(2)(x))).toEqual([3.5, 5.5, 11.5, 13.5])
    expect(numbers(new nn.MaxPool2d(2)(x))).toEqual([6, 8, 14, 16])
    expect(numbers(new nn.MaxPool2d(3, { stride: 2, padding: 1 })(x.neg()))).toEqual([
      -1, -2, -5, -6,
    ])
    expect(numbers(new nn.AdaptiveAvgPool2d(1)(x))).toEqual([8.5])
  })

  it('counts padded zeros or not, and reaches over the edge or not', () => {
    const x = counting(3)
    const corner = (countIncludePad: boolean) =>
      numbers(new nn.AvgPool2d(2, { padding: 1, countIncludePad })(x))[0]
    expect([corner(true), corner(false)]).toEqual([0.25, 1])
    expect(new nn.AvgPool2d(2)(x).shape).toEqual([1, 1, 1, 1])
    expect(new nn.AvgPool2d(2, { ceilMode: true })(x).shape).toEqual([1, 1, 2, 2])
  })
})

describe('activations', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
  const softplus = (x: number) => Math.log1p(Math.exp(x))
  const selu = (x: number) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))
  it.each<[string, nn.Module, (x: number) => number]>([
    ['ReLU', new nn.ReLU(), x => Math.max(0, x)],
    ['ReLU6', new nn.ReLU6(), x => Math.min(6, Math.max(0, x))],
    ['LeakyReLU', new nn.LeakyReLU(), x => (x > 0 ? x : 0.01 * x)],
    ['SiLU', new nn.SiLU(), x => x * sigmoid(x)],
    [
      'GELU tanh',
      new nn.GELU('tanh'),
      x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ],
    ['ELU', new nn.ELU(), x => (x > 0 ? x : Math.expm1(x))],
    ['CELU', new nn.CELU(), x => (x > 0 ? x : Math.expm1(x))],
    ['SELU', new nn.SELU(), selu],
    ['Sigmoid', new nn.Sigmoid(), sigmoid],
    ['Tanh', new nn.Tanh(), Math.tanh],
    ['Softplus', new nn.Softplus(), softplus],
    ['Softsign', new nn.Softsign(), x => x / (1 + Math.abs(x))],
    ['LogSigmoid', new nn.LogSigmoid(), x => -softplus(-x)],
    ['Mish', new nn.Mish(), x => x * Math.tanh(softplus(x))],
    ['Hardswish', new nn.Hardswish(), x => (x * Math.min(6, Math.max(0, x + 3))) / 6],
  ])('%s is its formula', (_, module, formula) => {
    const x = samples([200], 3, -8, 8)
    expectClose(module(x), numbers(x).map(formula), 1e-9)
  })

  it('GELU by the error function, GLU and LogSoftmax', () => {
    expectClose(new nn.GELU()(tensor([1])), [0.8413447])
    expectClose(new nn.GLU()(tensor([[4, 0]])), [2])
    expectClose(new nn.LogSoftmax(-1)(tensor([[0, 0]])), [-Math.LN2, -Math.LN2])
  })
})

describe('crossEntropy', () => {
  const logits = tensor([[0, Math.log(3)]])
  const label = tensor([1n])

  it('is -log p of the label, smoothed towards the mean over classes', () => {
    const [p0, p1] = [Math.log(4), Math.log(4 / 3)]
    expectClose(nn.functional.crossEntropy(logits, label), [p1])
    expectClose(nn.functional.crossEntropy(logits, label, { labelSmoothing: 0.1 }), [
      0.95 * p1 + 0.05 * p0,
    ])
    const two = tensor([
      [0, Math.log(3)],
      [0, 0],
    ])
    const pair = tensor([1n, 0n])
    expectClose(nn.functional.crossEntropy(two, pair, { reduction: 'sum' }), [p1 + Math.LN2])
    expectClose(nn.functional.crossEntropy(two, pair, { reduction: 'none' }), [p1, Math.LN2])
    expectClose(nn.functional.crossEntropy(two, pair, { ignoreIndex: 0 }), [p1])
  })
})

describe('initial parameters', () => {
  const moments = (x: Tensor) =>
    tidy(() => [x.mean().item(), x.std().item(), x.abs().amax().item()] as const)
  const big = () => zeros([400, 100, 3, 3])

  it('of Conv2d and Linear are uniform in 1/sqrt(fan in)', () => {
    manualSeed(0)
    const conv = new nn.Conv2d(100, 400, 3)
    const bound = 1 / Math.sqrt(900)
    for (const parameter of [conv.weight, conv.bias as Tensor]) {
      const [mean, std, most] = moments(parameter)
      expect(Math.abs(mean)).toBeLessThan(bound / 10)
      expect(std / (bound / Math.sqrt(3))).toBeCloseTo(1, 1)
      expect(most).toBeLessThanOrEqual(bound)
      expect(most).toBeGreaterThan(0.98 * bound)
    }
  })

  it.each<[string, (x: Tensor) => Tensor, number]>([
    [
      'kaimingNormal_ fan out',
      x => nn.init.kaimingNormal_(x, { mode: 'fan_out', nonlinearity: 'relu' }),
      Math.sqrt(2 / 3600),
    ],
    [
      'kaimingUniform_ relu',
      x => nn.init.kaimingUniform_(x, { nonlinearity: 'relu' }),
      Math.sqrt(2 / 900),
    ],
    ['xavierNormal_', x => nn.init.xavierNormal_(x), Math.sqrt(2 / 4500)],
    ['xavierUniform_', x => nn.init.xavierUniform_(x, 2), 2 * Math.sqrt(2 / 4500)],
    ['normal_', x => nn.init.normal_(x, 0, 0.01), 0.01],
    ['truncNormal_', x => nn.init.truncNormal_(x, 0, 0.02, -0.04, 0.04), 0.02 * 0.87962566],
  ])('of %s have its deviation and mean 0', (_, initialise, expected) => {
    manualSeed(0)
    const [mean, std] = moments(initialise(big()))
    expect(std / expected).toBeCloseTo(1, 2)
    expect(Math.abs(mean) / std).toBeLessThan(0.01)
  })

  it('truncated ones stay within their bounds', () => {
    const x = nn.init.truncNormal_(big(), 1, 2, 0, 1.5)
    expect([x.amin().item() >= 0, x.amax().item() <= 1.5]).toEqual([true, true])
  })

  it('need two dimensions for a fan', () => {
    expect(() => nn.init.kaimingNormal_(zeros([3]))).toThrow(/at least 2 dimensions .* \[3\]/)
  })

  it('draw without being recorded', () => {
    const layer = new nn.Linear(2, 2)
    nn.init.normal_(layer.weight)
    expect([layer.weight.isLeaf, layer.weight.requiresGrad]).toEqual([true, true])
  })
})

describe('a seed', () => {
  it('repeats draws within a process', () => {
    manualSeed(5)
    const first = numbers(randn([10]))
    manualSeed(5)
    expect(numbers(randn([10]))).toEqual(first)
    manualSeed(6)
    expect(numbers(randn([10]))).not.toEqual(first)
    for (const wrong of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => manualSeed(wrong)).toThrow(/non-negative integer for `seed`/)
  })

  it('repeats weights after 20 training steps, bit for bit, in another process', async () => {
    const script = `
      torch.manualSeed(3)
      const net = new torch.nn.Sequential(
        new torch.nn.Conv2d(3, 8, 3), new torch.nn.BatchNorm2d(8), new torch.nn.ReLU(),
        new torch.nn.Dropout(0.2), new torch.nn.Flatten(), new torch.nn.Linear(8 * 36, 4))
      const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })
      for (let i = 0; i < 20; i++) torch.tidy(() => {
        net(torch.randn([16, 3, 8, 8])).square().mean().backward()
        optimizer.step(); optimizer.zeroGrad()
      })
      for (const [name, x] of net.stateDict()) console.log(name, Buffer.from(x.data().buffer).toString('base64'))`
    const [first, second] = await Promise.all([runScript(script), runScript(script)])
    expect(first.length).toBeGreaterThan(1000)
    expect(second).toBe(first)
  })
})
