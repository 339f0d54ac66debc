import {
  ArgumentError,
  liveTensors,
  manualSeed,
  nn,
  noGrad,
  randn,
  type Tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { featureMap, features } from './features.ts'
import { hooksLeftBy, numbers } from './fixtures.test.util.ts'
import { createModel } from './registry.ts'
import { openBranches } from './signal/measure.ts'

beforeEach(() => manualSeed(8))

const relu = (values: number[]) => values.every(value => value >= 0)
const shapes = (name: string, side: number) =>
  noGrad(() => features(createModel(name), randn([1, 3, side, side])).map(({ shape }) => shape))

describe('features', () => {
  it.each<[string, number, [channels: number, side: number][]]>([
    [
      'nf_resnet26',
      64,
      [
        [256, 16],
        [512, 8],
        [1024, 4],
        [2048, 2],
      ],
    ],
    [
      'nf_regnet_b0',
      64,
      [
        [40, 16],
        [80, 8],
        [160, 4],
        [960, 2],
      ],
    ],
    [
      'test_nfnet',
      64,
      [
        [32, 16],
        [64, 8],
        [96, 4],
        [192, 2],
      ],
    ],
    [
      'resnet18',
      64,
      [
        [64, 16],
        [128, 8],
        [256, 4],
        [512, 2],
      ],
    ],
    [
      'resnetv2_18',
      64,
      [
        [64, 16],
        [128, 8],
        [256, 4],
        [512, 2],
      ],
    ],
    [
      'nf_resnet20',
      32,
      [
        [16, 32],
        [32, 16],
        [64, 8],
      ],
    ],
    [
      'vgg11',
      64,
      [
        [64, 32],
        [128, 16],
        [256, 8],
        [512, 4],
        [512, 2],
      ],
    ],
  ])('of %s are one map a stage, the last being what the classifier reads', (name, side, sizes) => {
    expect(shapes(name, side)).toEqual(sizes.map(([channels, size]) => [1, channels, size, size]))
  })

  // Sums of pre-activation blocks have both signs: what is handed out is behind an activation.
  it.each(['nf_resnet20', 'resnetv2_20', 'resnet20', 'rezero_resnet20'])(
    'of %s are behind an activation, as the next stage reads them',
    name => {
      const model = createModel(name)
      openBranches(model)
      const maps = noGrad(() => features(model, randn([2, 3, 32, 32])))
      for (const map of maps) {
        expect(relu(numbers(map))).toBe(true)
        expect(map.max().item()).toBeGreaterThan(0.1)
      }
    },
  )

  it('have unit variance where the net is normalizer-free, whatever the depth of the stage', () => {
    const model = createModel('nf_resnet56', { alpha: 1 })
    openBranches(model)
    const maps = noGrad(() => features(model, randn([16, 3, 64, 64]))).slice(0, -1)
    for (const map of maps) {
      const [variance] = map.varMean([0, 2, 3], { correction: 0 })
      expect(variance.mean().item()).toBeGreaterThan(0.7)
      expect(variance.mean().item()).toBeLessThan(1.3)
    }
  })

  it('end with what forwardFeatures gives, and carry gradients to the first kernel', () => {
    const model = createModel('resnet20')
    const x = randn([2, 3, 16, 16])
    const backbone = model.eval() as nn.Module & { forwardFeatures(x: Tensor): Tensor }
    const maps = features(model, x)
    expect(numbers(maps[2])).toEqual(numbers(backbone.forwardFeatures(x)))
    maps[0].sum().backward()
    expect(model.getParameter('conv1.weight').grad?.abs().max().item()).toBeGreaterThan(0)
    expect(model.getParameter('layer2.0.conv1.weight').grad).toBeNull()
  })

  it('leave no hook and no tensor behind, also when the pass fails', () => {
    const model = createModel('resnet20')
    const run = (side: number) => () =>
      noGrad(() => {
        for (const map of features(model, randn([1, side, 16, 16]))) map.dispose()
      })
    run(3)()
    for (const work of [run(3), run(4)]) {
      const { registered, left } = hooksLeftBy(work)
      expect([registered, left]).toEqual([2, 0])
    }
    const x = randn([1, 3, 16, 16])
    const before = liveTensors().tensors
    for (const map of noGrad(() => features(model, x))) map.dispose()
    expect(liveTensors().tensors).toBe(before)
  })

  it('are refused for a model that has none', () => {
    expect(() => features(new nn.ReLU(), randn([1, 3, 8, 8]))).toThrow(ArgumentError)
    expect(() => features(new nn.ReLU(), randn([1, 3, 8, 8]))).toThrow('forwardFeatures')
  })
})

describe('featureMap', () => {
  it('tells channels and reduction without computing', () => {
    const map = (name: string, options = {}, inChans?: number) =>
      featureMap(
        nn.utils.skipInit(() => createModel(name, options)),
        inChans,
      )
    expect(map('test_nfnet')).toEqual({ channels: 192, reduction: 32 })
    expect(map('nf_resnet20')).toEqual({ channels: 64, reduction: 4 })
    expect(map('resnet18', { inChans: 1, outputStride: 8 }, 1)).toEqual({
      ...{ channels: 512, reduction: 8 },
    })
  })
})
