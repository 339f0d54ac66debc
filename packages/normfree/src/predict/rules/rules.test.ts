import {
  cat,
  layerNorm,
  manualSeed,
  nn,
  noGrad,
  ops,
  pad,
  randn,
  type Tensor,
  tidy,
  zeros,
  zerosLike,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { channelStatistics } from '../../signal/statistics.ts'
import { Interpreter } from '../interpret.ts'
import { statisticsOf } from '../moments.ts'

beforeEach(() => manualSeed(4))

/** A model that is one function, and what is in it. */
class Formula extends nn.Module {
  readonly layers: nn.ModuleList
  readonly #formula: (x: Tensor) => Tensor

  constructor(formula: (x: Tensor) => Tensor, layers: nn.Module[]) {
    super()
    this.layers = new nn.ModuleList(layers)
    this.#formula = formula
  }

  override forward(x: Tensor): Tensor {
    return this.#formula(x)
  }
}

/** What is expected of `formula`, and what 64 noise images give. */
function compared(
  formula: (x: Tensor) => Tensor,
  layers: nn.Module[] = [],
  [channels, height, width] = [32, 10, 10],
) {
  const model = new Formula(formula, layers).train()
  const interpreter = new Interpreter(model, false)
  const shape = [channels, height, width] as const
  return noGrad(() =>
    tidy(() => {
      const empty = zeros([0, ...shape])
      let expected = { squaredMean: Number.NaN, variance: Number.NaN }
      interpreter.run(empty, () => {
        const record: ops.OperatorObserver = (...run) => interpreter.record(...run)
        const y = ops.observe(record, () => model.forward(empty))
        const moments = interpreter.momentsOf(y)
        if (moments) expected = statisticsOf(moments)
      })
      expect(interpreter.notes).toEqual([])
      return { expected, measured: channelStatistics(model.forward(randn([64, ...shape]))) }
    }),
  )
}

/** Both moments within `tolerance` of the second one. */
function expectClose({ expected, measured }: ReturnType<typeof compared>, tolerance: number): void {
  const scale = tolerance * (measured.variance + measured.squaredMean)
  expect(Math.abs(expected.variance - measured.variance)).toBeLessThan(scale)
  expect(Math.abs(expected.squaredMean - measured.squaredMean)).toBeLessThan(scale)
}

/** A convolution of 32 channels whose kernels have a mean. */
function leaning(kernelSize: number, options: nn.Conv2dOptions = {}): nn.Conv2d {
  const conv = new nn.Conv2d(32, 48, kernelSize, { ...options, bias: false })
  noGrad(() => conv.weight.add_(0.03))
  return conv
}

describe('what is expected of one operator, beside noise through it', () => {
  const positive = (x: Tensor) => x.relu().mul(1.3).add(0.2)
  const gated = ([value, gate]: Tensor[]) => value.mul(gate.sigmoid())
  const vector = (values: number[]) => new nn.Parameter(zeros([1, 32, 1, 1]).add(values[0]))

  it.each<[string, (x: Tensor) => Tensor]>([
    ['relu', x => x.relu()],
    ['silu of what has a mean', x => nn.functional.silu(x.add(0.7))],
    ['gelu', x => nn.functional.gelu(x.mul(2))],
    ['leaky relu', x => nn.functional.leakyRelu(x, 0.2)],
    ['hard swish', x => nn.functional.hardswish(x)],
    ['clamp', x => x.clamp(-0.5, 1)],
    ['x sigmoid(x), written out', x => x.mul(x.sigmoid())],
    ['x relu6(x + 3) / 6, written out', x => x.mul(nn.functional.relu6(x.add(3))).div(6)],
    ['x / (1 + |x|)', x => x.div(x.abs().add(1))],
    ['relu of relu', x => x.relu().relu()],
    ['a number less a tensor', x => x.relu().neg().add(2)],
    ['a sum with itself', x => x.add(x, { alpha: 0.5 })],
    [
      'a product with channel means',
      x => positive(x).mul(positive(x).mean([2, 3], true).sigmoid()),
    ],
    ['a bias for each channel', x => x.add(vector([0.4]))],
    ['a max pool with padding', x => nn.functional.maxPool2d(positive(x), 3, 2, 1)],
    ['an average pool', x => nn.functional.avgPool2d(positive(x), 2)],
    ['an average pool that counts its padding', x => nn.functional.avgPool2d(positive(x), 3, 2, 1)],
    [
      'averages of overlapping maxima',
      x => nn.functional.avgPool2d(nn.functional.maxPool2d(x, 3, 2, 1), 2),
    ],
    [
      'averages of relus of overlapping means',
      x => nn.functional.avgPool2d(nn.functional.avgPool2d(x, 2, 1).relu(), 2),
    ],
    ['an adaptive average pool', x => nn.functional.adaptiveAvgPool2d(positive(x), 4)],
    ['relu behind a max pool', x => nn.functional.maxPool2d(x, 3, 2).sub(1).relu()],
    [
      'relu of half normal plus normal',
      x =>
        x
          .relu()
          .add(x.flip([0, 2]))
          .relu(),
    ],
    ['zero padding', x => pad(positive(x), [1, 1, 1, 1])],
    ['zero channels', x => cat([positive(x), zerosLike(x)], 1)],
    ['every other position', x => nn.functional.avgPool2d(positive(x), 1, 2)],
    ['dropout', x => nn.functional.dropout(positive(x), 0.3)],
    [
      'layer norm over channels',
      x => layerNorm(positive(x).permute([0, 2, 3, 1]), [32]).permute([0, 3, 1, 2]),
    ],
    ['glu', x => nn.functional.glu(x, 1)],
    ['glu, written out', x => gated(x.chunk(2, 1))],
  ])('%s', (_, formula) => {
    expectClose(compared(formula), 0.02)
  })

  it.each<[string, () => nn.Conv2d]>([
    ['with zero padding', () => leaning(3, { padding: 1 })],
    ['with a stride', () => leaning(3, { padding: 1, stride: 2 })],
    ['dilated', () => leaning(3, { padding: 2, dilation: 2 })],
    ['in groups', () => leaning(3, { padding: 1, groups: 4 })],
    ['for each channel', () => new nn.Conv2d(32, 32, 5, { padding: 2, groups: 32, bias: false })],
    ['of 1 x 1', () => leaning(1)],
  ])('a convolution %s', (_, create) => {
    const conv = create()
    expectClose(
      compared(x => conv.forward(positive(x)), [conv]),
      0.03,
    )
    const norm = new nn.BatchNorm2d(conv.outChannels)
    expectClose(
      compared(x => norm.forward(conv.forward(positive(x))), [conv, norm]),
      0.02,
    )
  })

  it.each<[string, () => nn.Module]>([
    ['batch norm', () => new nn.BatchNorm2d(48)],
    ['group norm', () => new nn.GroupNorm(4, 48)],
    ['a norm of each channel', () => new nn.GroupNorm(48, 48)],
  ])('%s behind a convolution that makes means', (_, create) => {
    const [conv, norm] = [leaning(3), create() as nn.Module<[Tensor], Tensor>]
    const formula = (x: Tensor) => norm.forward(conv.forward(positive(x))).relu()
    expectClose(compared(formula, [conv, norm as nn.Module]), 0.05)
  })

  it('a linear layer behind a mean over positions', () => {
    const fc = new nn.Linear(32, 64, { bias: false })
    expectClose(
      compared(x => fc.forward(positive(x).mean([2, 3])), [fc]),
      0.02,
    )
  })
})
