import { manualSeed, nn, noGrad, randn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { residualBlocks } from '../signal/taps.ts'
import { EfficientNet } from './efficientnet.ts'
import { RegNet, regNetStages } from './regnet.ts'
import { RescaleVgg } from './rescale-vgg.ts'
import { Vgg } from './vgg.ts'

beforeEach(() => manualSeed(20))

// Radosavovic et al. (2020), the models of their Table 8, as released.
describe('regNetStages', () => {
  it.each([
    ['800MF', [56, 38.84, 2.4, 16, 14], [64, 128, 320, 768], [1, 3, 8, 2]],
    ['1.6GF', [48, 20.71, 2.65, 24, 27], [48, 120, 336, 888], [2, 6, 17, 2]],
    ['4.0GF', [96, 31.41, 2.24, 64, 22], [128, 192, 512, 1088], [2, 6, 12, 2]],
    ['32GF', [232, 115.89, 2.53, 232, 20], [232, 696, 1392, 3712], [2, 5, 12, 1]],
  ])('has the widths and depths of RegNetY-%s', (_, [w0, wa, wm, groupSize, depth], ...stages) => {
    const { channels, layers } = regNetStages({ w0, wa, wm, groupSize, depth })
    expect([channels, layers]).toEqual(stages)
  })
})

describe('RegNet', () => {
  const small = { w0: 24, wa: 36.44, wm: 2.49, groupSize: 8, depth: 4 } as const

  it('starts as the identity inside a stage', () => {
    const model = new RegNet({ ...small, depth: 13 })
    const inner = residualBlocks(model).find(([name]) => name === 's4.b3')!
    const x = randn([2, 368, 4, 4]).relu()
    expect(numbers(noGrad(() => (inner[1] as unknown as nn.Module)(x)))).toEqual(numbers(x))
  })

  it('divides the sides by outputStride', () => {
    const model = new RegNet({ ...small, depth: 13, outputStride: 8 }).eval()
    expect(noGrad(() => model.forwardFeatures(randn([1, 3, 64, 64]))).shape).toEqual([1, 368, 8, 8])
  })
})

describe('EfficientNet', () => {
  const b = (widthFactor: number, depthFactor: number) =>
    nn.utils.skipInit(() => new EfficientNet({ widthFactor, depthFactor }))

  it('rounds B0’s channels to multiples of 8 and its blocks up', () => {
    const channels = (model: EfficientNet) =>
      [...model.blocks].map(stage => (stage as nn.Sequential).length)
    expect(channels(b(1, 1))).toEqual([1, 2, 2, 3, 3, 4, 1])
    expect(channels(b(1.2, 1.4))).toEqual([2, 3, 3, 5, 5, 6, 2])
    expect(b(1.2, 1.4).convStem.outChannels).toBe(40)
    expect(b(1.4, 1.8).convHead.outChannels).toBe(1792)
  })

  it('adds the input inside a stage alone', () => {
    const model = new EfficientNet({ widthFactor: 1, depthFactor: 1 }).eval()
    const through = (index: number, channels: number) => {
      const block = residualBlocks(model)[index][1] as unknown as nn.Module & {
        bn2?: nn.BatchNorm2d
        bn3?: nn.BatchNorm2d
      }
      const last = block.bn3 ?? block.bn2
      nn.init.zeros_(last!.weight!)
      const x = randn([1, channels, 8, 8])
      return (
        noGrad(() => block(x))
          .abs()
          .sum()
          .item() > 0
      )
    }
    // The first block of stage 1 changes shapes, the second does not.
    expect([through(1, 16), through(2, 24)]).toEqual([false, true])
  })

  it('divides the sides by outputStride', () => {
    const model = new EfficientNet({ widthFactor: 1, depthFactor: 1, outputStride: 16 }).eval()
    expect(noGrad(() => model.forwardFeatures(randn([1, 3, 64, 64]))).shape).toEqual([
      1, 1280, 4, 4,
    ])
  })
})

describe('Vgg and RescaleVgg', () => {
  const layers = [1, 1, 1, 1, 1]

  it('stretch maps below 7 x 7, so that images below 224 px are taken', () => {
    const options = { layers, numClasses: 3 }
    const creators: (() => nn.Module)[] = [() => new Vgg(options), () => new RescaleVgg(options)]
    for (const create of creators) {
      const model = nn.utils.skipInit(create)
      expect(noGrad(() => model(randn([1, 3, 40, 72]))).shape).toEqual([1, 3])
    }
  })

  it('have a norm behind each convolution, or a bias in front of each layer but the first', () => {
    const count = (model: nn.Module, suffix: string) =>
      [...model.stateDict().keys()].filter(name => name.endsWith(suffix)).length
    const vgg = nn.utils.skipInit(() => new Vgg({ layers, norm: 'batch' }))
    const rescale = nn.utils.skipInit(() => new RescaleVgg({ layers }))
    expect(count(vgg, 'running_mean')).toBe(5)
    // Four in front of convolutions, one behind the last pool, two in front of linear layers.
    expect(count(rescale, 'init_mean')).toBe(7)
    expect(count(rescale, '.bias')).toBe(1)
  })
})
