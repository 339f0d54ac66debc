// What layers refuse when they are made or called, in the cases where PyTorch does; and what only
// happens over several calls. Values stand in layers-conformance.test.ts.
import { describe, expect, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError, ShapeError, TorchError } from '../errors.ts'
import { ones, randn, zeros } from '../generated/functions.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

describe('convolutions', () => {
  it('refuse groups that do not divide, unknown paddings, and padding same with a stride', () => {
    expect(() => new nn.Conv1d(4, 4, 1, { groups: 3 })).toThrow(/4 -> 4 channels in 3 groups/)
    expect(() => new nn.ConvTranspose2d(4, 3, 1, { groups: 2 })).toThrow(ArgumentError)
    expect(() => new nn.Conv2d(4, 4, 1, { groups: 0 })).toThrow(ArgumentError)
    expect(() => new nn.Conv2d(1, 1, 3, { padding: 'full' as 'same' })).toThrow(/received "full"/)
    expect(() => new nn.Conv2d(1, 1, 3, { paddingMode: 'mirror' as 'reflect' })).toThrow(
      /zeros, reflect, replicate, circular for `paddingMode` but received "mirror"/,
    )
    expect(() => new nn.Conv2d(1, 1, 3, { padding: 'same', stride: [1, 2] })).toThrow(
      /stride 1 with padding 'same' but received `stride` \[1, 2\]/,
    )
  })

  it('refuse an output size that no stride leads to', () => {
    const layer = new nn.ConvTranspose2d(1, 1, 3, { stride: 2 })
    expect(layer(zeros([1, 1, 4, 4]), [9, 10]).shape).toEqual([1, 1, 9, 10])
    expect(new nn.Sequential(layer, layer)(zeros([1, 1, 4, 4])).shape).toEqual([1, 1, 19, 19])
    for (const size of [[9, 11], [8, 9], [9], [1, 9, 9]])
      expect(() => layer(zeros([1, 1, 4, 4]), size)).toThrow(
        `Expected from [9,9] to [10,10] for \`outputSize\` but received [${size}].`,
      )
  })

  it('take an input without a batch', () => {
    expect(new nn.Conv2d(2, 3, 3)(zeros([2, 5, 5])).shape).toEqual([3, 3, 3])
  })

  it('leave nothing behind when they pad', () => {
    const conv = new nn.Conv2d(1, 1, 3, { padding: 1, paddingMode: 'circular' })
    const x = zeros([1, 1, 4, 4])
    expect(leaked(() => conv(x).dispose())).toBe(0)
  })
})

describe('normalisations', () => {
  it('refuse inputs of other dimensions or channels', () => {
    expect(() => new nn.BatchNorm1d(2)(zeros([1, 2, 3, 4]))).toThrow(
      'Expected an input (N, 2) or (N, 2, L) for BatchNorm1d but received [1, 2, 3, 4].',
    )
    expect(() => new nn.BatchNorm1d(2)(zeros([4, 3]))).toThrow(ShapeError)
    expect(() => new nn.InstanceNorm2d(2)(zeros([2, 3, 4, 4]))).toThrow(/\(N, 2, H, W\), or one/)
    expect(() => new nn.InstanceNorm1d(2)(zeros([2]))).toThrow(ShapeError)
    expect(() => new nn.GroupNorm(3, 4)).toThrow(/divides 4 channels .* received 3/)
    expect(() => new nn.LayerNorm(4)(zeros([2, 3]))).toThrow(TorchError)
  })

  it('refuse statistics of a single value', () => {
    expect(() => new nn.BatchNorm1d(2)(zeros([1, 2]))).toThrow(/more than one value per channel/)
    const untracked = new nn.BatchNorm2d(2, { trackRunningStats: false }).eval()
    expect(() => untracked(zeros([1, 2, 1, 1]))).toThrow(ShapeError)
    expect(() => new nn.InstanceNorm2d(2)(zeros([3, 2, 1, 1]))).toThrow(
      /more than one spatial element/,
    )
  })

  it('with momentum null keep the mean over all batches', () => {
    const bn = new nn.BatchNorm1d(1, { momentum: null })
    for (const mean of [1, 2, 6]) bn(tensor([[mean - 1], [mean + 1]]))
    expectClose(bn.runningMean!, [3])
    expect(bn.numBatchesTracked!.item()).toBe(3)
    bn.eval()(zeros([2, 1]))
    expect(bn.numBatchesTracked!.item()).toBe(3)
  })
})

describe('activations', () => {
  it.each<[string, nn.Module]>([
    ['ReLU', new nn.ReLU({ inplace: true })],
    ['Threshold', new nn.Threshold(0, -3, { inplace: true })],
    ['Hardtanh', new nn.Hardtanh(0, 0.5, { inplace: true })],
    ['RReLU', new nn.RReLU(0.5, 0.5, { inplace: true })],
  ])('%s overwrites its input when it is told to', (_, module) => {
    const x = tensor([-1, 2])
    const y = module(x)
    expect(y).toBe(x)
    expect(numbers(x)).not.toEqual([-1, 2])
  })

  it('RReLU draws a slope for each element in training', () => {
    const y = numbers(new nn.RReLU()(randn([1000]).abs().neg()).neg())
    const x = numbers(new nn.RReLU(0.2, 0.2)(tensor([-1, 3])))
    expect(new Set(y).size).toBeGreaterThan(900)
    expectClose(x, [-0.2, 3])
  })

  it('refuse bounds in the wrong order and a negative shrinkage', () => {
    expect(() => new nn.Hardtanh(1, 1)).toThrow(ArgumentError)
    expect(() => new nn.Softshrink(-1)).toThrow(ArgumentError)
    expect(() => new nn.Softmax2d()(zeros([2, 2]))).toThrow(ShapeError)
  })
})

describe('Embedding', () => {
  it('leaves its padding row zero, at first and in training', () => {
    const table = new nn.Embedding(4, 2, { paddingIdx: -1 })
    expect(numbers(table.weight).slice(-2)).toEqual([0, 0])
    table(tensor([3n, 1n, 3n]))
      .sum()
      .backward()
    expect(numbers(table.weight.grad!)).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
    expect(() => new nn.Embedding(4, 2, { paddingIdx: 4 })).toThrow(/row of the 4 .* received 4/)
  })

  it('takes a table that is there, frozen unless it is told otherwise', () => {
    const table = nn.Embedding.fromPretrained(ones([3, 2]))
    expect([table.weight.requiresGrad, numbers(table(tensor([2n])))]).toEqual([false, [1, 1]])
    const trained = nn.Embedding.fromPretrained(ones([3, 2]), { freeze: false })
    expect(trained.weight.requiresGrad).toBe(true)
    expect(() => nn.Embedding.fromPretrained(ones([3]))).toThrow(ShapeError)
  })

  it('refuses indices beyond the table', () => {
    expect(() => new nn.Embedding(4, 2)(tensor([4n]))).toThrow(TorchError)
  })
})

describe('a loss with weights', () => {
  it('saves them with the model, as PyTorch does', () => {
    const loss = new nn.BCEWithLogitsLoss({ posWeight: ones([3]) })
    expect([...loss.stateDict().keys()]).toEqual(['pos_weight'])
    expect(new nn.CrossEntropyLoss({ weight: ones([3]) }).weight).toBeInstanceOf(nn.Buffer)
  })
})
