import { manualSeed, type nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { NORMS } from '../layers/norm.ts'
import { measureSignal, openBranches } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { ResNet, type ResNetOptions } from './resnet.ts'

beforeEach(() => manualSeed(14))

const SMALL = { block: 'bottleneck', layers: [2, 1, 1, 1] } as const
const small = (options: Partial<ResNetOptions> = {}) => new ResNet({ ...SMALL, ...options })
const namesOf = (model: nn.Module) => [...model.stateDict().keys()]

describe('ResNet', () => {
  it('has a norm behind every convolution but for none, which has biases', () => {
    for (const norm of NORMS) {
      const parameters = [...small({ norm }).namedParameters()].map(([name]) => name)
      expect(parameters.some(name => /conv\d\.bias$/.test(name))).toBe(norm === 'none')
      const gains = parameters.filter(name => /bn\d\.weight|downsample\.1\.weight/.test(name))
      expect(gains).toHaveLength(norm === 'none' ? 0 : 1 + 5 * 3 + 4)
    }
  })

  it('has the branch variance 1 and grows by relu’s share of it, with batch norm', () => {
    const model = small()
    openBranches(model)
    const taps = measureSignal(model, randn([4, 3, 64, 64]))
    for (const { residualVariance } of taps.slice(1)) expect(residualVariance).toBeCloseTo(1, 2)
    // Two normalized summands: Var(relu(z)) = 2 (1 - 1 / pi) / 2 for z of variance 2.
    expect(taps[1].channelVariance).toBeCloseTo(1 - 1 / Math.PI, 1)
    expect(taps[1].channelSquaredMean).toBeCloseTo(1 / Math.PI, 1)
    expect(taps[2].channelVariance).toBeGreaterThan(0.9)
  })

  it.each([
    [{}, 0],
    [{ rezero: true }, 0],
    [{ zeroInitLast: false }, 1],
  ])('with %j starts with branches of variance %d', (options, variance) => {
    const model = small(options)
    const [, second] = residualBlocks(model)[1] as unknown as [string, nn.Module]
    const x = randn([2, 256, 8, 8]).relu()
    const change = noGrad(() => second(x)).sub(x)
    if (variance === 0) expect(Math.max(...numbers(change).map(Math.abs))).toBe(0)
    else expect(change.square().mean().item()).toBeGreaterThan(0.1)
  })

  it('opens with its ReZero scalars, and with its zeroed norms where it has none', () => {
    const scales = (options: Partial<ResNetOptions>) =>
      residualBlocks(small(options)).map(([, block]) => block.branchScale()?.shape)
    expect(scales({ rezero: true })).toEqual(Array(5).fill([]))
    expect(scales({})).toEqual([256, 256, 512, 1024, 2048].map(channels => [channels]))
    expect(scales({ norm: 'none' })).toEqual(Array(5).fill(undefined))
  })

  it('has groups in the 3 x 3 convolutions, and their width times their number', () => {
    const shapes = small({ cardinality: 32, baseWidth: 4 }).stateDict()
    expect(shapes.get('layer1.0.conv2.weight')?.shape).toEqual([128, 4, 3, 3])
    expect(shapes.get('layer4.0.conv2.weight')?.shape).toEqual([1024, 32, 3, 3])
    expect(shapes.get('layer4.0.conv3.weight')?.shape).toEqual([2048, 1024, 1, 1])
  })

  it('divides the sides by outputStride, with the same weights', () => {
    const x = randn([1, 3, 64, 64])
    const side = (outputStride?: 8 | 16 | 32) =>
      noGrad(() => small({ outputStride }).eval().forwardFeatures(x)).shape[3]
    expect([8, 16, 32, undefined].map(each => side(each as 8))).toEqual([8, 4, 2, 2])
    expect(namesOf(small({ outputStride: 8 }))).toEqual(namesOf(small()))
  })

  it('sees as far with dilation as with strides: a pixel reaches the same features', () => {
    const reached = (outputStride: 16 | 32) => {
      const model = new ResNet({ block: 'basic', layers: [1, 1, 1, 1], norm: 'none', outputStride })
      const x = randn([1, 3, 64, 64]).requiresGrad_()
      model.forwardFeatures(x).slice(2, 0, 1).slice(3, 0, 1).sum().backward()
      const touched = (x.grad as Tensor).abs().sum([0, 1, 2]).ne(0)
      return touched.sum().item()
    }
    expect(reached(16)).toBe(reached(32))
  })

  it('takes images of other channels and any number of classes', () => {
    const model = small({ inChans: 1, numClasses: 7 })
    expect(noGrad(() => model(randn([2, 1, 33, 47]))).shape).toEqual([2, 7])
  })

  it('drops branches and features in training alone', () => {
    const model = small({ dropRate: 0.5, dropPathRate: 0.5, zeroInitLast: false, norm: 'layer' })
    const x = randn([2, 3, 32, 32])
    const twice = () => [0, 1].map(() => numbers(noGrad(() => model(x))))
    const [first, second] = twice()
    expect(second).not.toEqual(first)
    model.eval()
    const [third, fourth] = twice()
    expect(fourth).toEqual(third)
  })
})
