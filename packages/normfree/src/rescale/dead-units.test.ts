import {
  ArgumentError,
  liveTensors,
  manualSeed,
  nn,
  randn,
  type Tensor,
  tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers, snapshot } from '../fixtures.test.util.ts'
import { AddBias } from '../layers/add-bias.ts'
import { RescaleNet } from '../models/rescale-net.ts'
import { deadUnits, deadUnitsByBatches } from './dead-units.ts'

beforeEach(() => manualSeed(31))

/** relu(x) as a function, then a module. */
class TwoRelus extends nn.Module {
  readonly act = new nn.ReLU6()

  override forward(x: Tensor): Tensor {
    return this.act(x.relu().sub(1))
  }
}

/** Layers of 32 units without a bias of their own, whose inputs have re-parameterized ones. */
function deepNet(depth: number, batches = 8): nn.Sequential {
  const layers = Array.from({ length: depth }, () => {
    const linear = new nn.Linear(32, 32, { bias: false })
    nn.init.kaimingNormal_(linear.weight)
    return [new AddBias(32, { batches, dimensions: 2 }), linear, new nn.ReLU()]
  })
  return new nn.Sequential(...layers.flat())
}

/** All samples have a mean in common, as images have. */
const samples = (count: number): Tensor => randn([count, 32]).add(2)

describe('deadUnits', () => {
  it('counts units that are 0 for every example, behind every rectifier in its order', () => {
    const model = new TwoRelus()
    const first = tensor([
      [-1, 2, -1, 0.5],
      [-3, 5, -1, -1],
    ])
    expect(deadUnits(model, [first])).toEqual([
      { index: 0, name: '', units: 4, dead: 2 },
      { index: 1, name: 'act', units: 4, dead: 3 },
    ])
    const second = tensor([[-1, -1, 4, -1]])
    expect(deadUnits(model, [first, second]).map(({ dead }) => dead)).toEqual([1, 2])
  })

  it('wants every position of a channel to be 0', () => {
    const map = (values: number[]) => tensor(values).reshape([1, 2, 1, 2])
    expect(deadUnits(new nn.ReLU(), [map([-1, -2, -3, 1])])[0]).toMatchObject({ units: 2, dead: 1 })
  })

  it('leaves the model as it was', () => {
    const model = deepNet(2)
    const before = snapshot(model)
    const examples = [samples(4)]
    const living = liveTensors()
    deadUnits(model, examples)
    expect(liveTensors()).toEqual(living)
    expect(snapshot(model)).toEqual(before)
    expect(model.training).toBe(true)
  })

  it('refuses a model without rectifiers, and no examples', () => {
    expect(() => deadUnits(new nn.Tanh(), [samples(2)])).toThrow(ArgumentError)
    expect(() => deadUnits(new nn.ReLU(), [])).toThrow('on 0 batch(es)')
  })
})

describe('deadUnitsByBatches', () => {
  it('finds fewer dead units the more batches the means are taken over', () => {
    const model = deepNet(16)
    const data = Array.from({ length: 16 }, () => samples(2))
    const rows = deadUnitsByBatches(model, {
      batch: i => data[i],
      examples: [samples(128)],
      counts: [0, 1, 4, 16],
    })
    expect(rows.map(({ batches, units }) => [batches, units])).toEqual([
      [0, 512],
      [1, 512],
      [4, 512],
      [16, 512],
    ])
    const [none, one, four, sixteen] = rows.map(({ fraction }) => fraction)
    expect(none).toBeGreaterThan(0.2)
    expect(none).toBeGreaterThan(2 * one)
    expect(one).toBeGreaterThan(four)
    expect(four).toBeGreaterThanOrEqual(sixteen)
  })

  it('counts what a net has whose biases take as many batches', () => {
    manualSeed(5)
    const swept = deepNet(8)
    const data = Array.from({ length: 3 }, () => samples(2))
    const examples = [samples(16)]
    const [{ dead }] = deadUnitsByBatches(swept, { batch: i => data[i], examples, counts: [3] })
    manualSeed(5)
    const built = deepNet(8, 3)
    for (const x of data) built(x)
    expect(deadUnits(built, examples).reduce((sum, at) => sum + at.dead, 0)).toBe(dead)
  })

  it('leaves a RescaleNet as it was, the length of its means included', () => {
    const model = new RescaleNet({ layers: [1, 1, 1, 1], baseWidth: 8, numClasses: 10 }).eval()
    model(randn([1, 3, 32, 32]))
    const biases = [...model.modules()].filter(module => module instanceof AddBias)
    const means = () => biases.map(({ count, initMean }) => [count.item(), numbers(initMean)])
    const before = means()
    const images = () => randn([1, 3, 32, 32])
    const rows = deadUnitsByBatches(model, { batch: images, examples: [images()], counts: [1, 2] })
    expect(rows.map(({ batches }) => batches)).toEqual([1, 2])
    expect(means()).toEqual(before)
    expect(model.training).toBe(false)
    expect(biases.map(({ batches }) => batches)).toEqual(biases.map(() => 8))
  })

  it('refuses counts that do not rise, and a model without such biases', () => {
    const options = { batch: () => samples(2), examples: [samples(2)] }
    for (const counts of [[2, 1], [1, 1], [-1], [0.5]])
      expect(() => deadUnitsByBatches(deepNet(1), { ...options, counts })).toThrow('`counts`')
    expect(() => deadUnitsByBatches(new nn.ReLU(), options)).toThrow('ReLU has none')
  })
})
