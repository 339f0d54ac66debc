import { ArgumentError, manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled, largestDifference, numbers } from '../fixtures.test.util.ts'
import { modelEntry } from '../registry.ts'
import { createDepthModel, createSegmentationModel, DenseModel } from './dense-model.ts'
import { FcnHead } from './fcn-head.ts'
import { UpProjection, UpProjectionHead, unpool } from './up-projection.ts'

beforeEach(() => manualSeed(9))

const BACKBONES = [
  'nf_resnet20',
  'resnet20',
  'resnet18',
  'test_nfnet',
  'fixup_resnet20',
  'regnety_002',
]
const FORMS = ['batch', 'nf'] as const

/** Mean over channels of the biased variance. */
const variance = (x: Tensor) => x.varMean([0, 2, 3], { correction: 0 })[0].mean().item()
const batchNorms = (model: nn.Module) =>
  model.modules().filter(module => module instanceof nn.BatchNorm2d).length
const standardNormalFeatures = (channels: number) =>
  randn([8, channels, 24, 24]).relu().mul(1.712859)

describe('dense models', () => {
  const each = BACKBONES.flatMap(name => FORMS.map(form => [name, form] as const))
  it.each(each)('on %s, form %s, predict for every pixel and train', (name, form) => {
    const side = modelEntry(name).resolution === 32 ? 16 : 40
    const x = randn([2, 3, side, side + 8])
    for (const [model, channels] of [
      [createSegmentationModel(name, { form, numClasses: 5 }), 5],
      [createDepthModel(name, { form }), 1],
    ] as const) {
      const y = model(x)
      expect(y.shape).toEqual([2, channels, side, side + 8])
      y.square().mean().backward()
      for (const parameter of model.head.parameters())
        expect(parameter.grad?.isfinite().all().item()).toBe(1)
    }
  })

  it('take the form of their backbone', () => {
    const counts = (name: string) =>
      [createSegmentationModel(name), createDepthModel(name)].map(({ head }) => batchNorms(head))
    expect(counts('resnet20')).toEqual([2, 13])
    expect(counts('nf_resnet20')).toEqual([0, 0])
  })

  it('dilate the last stage for segmentation, so that sides shrink 16 times', () => {
    const { backbone } = createSegmentationModel('nf_resnet26')
    const shape = noGrad(() => backbone.forwardFeatures(randn([1, 3, 64, 64])).shape)
    expect(shape).toEqual([1, 2048, 4, 4])
    const strided = createSegmentationModel('nf_resnet26', { outputStride: 32 })
    expect(noGrad(() => strided.backbone.forwardFeatures(randn([1, 3, 64, 64])).shape)[2]).toBe(2)
  })

  it('refuse another form, and a backbone without features', () => {
    const form = 'layer' as 'nf'
    expect(() => createDepthModel('resnet20', { form })).toThrow(/'batch' or 'nf' .* "layer"/)
    expect(() => new DenseModel(new nn.ReLU(), new nn.ReLU())).toThrow(ArgumentError)
  })
})

describe('FcnHead', () => {
  it('sees 12 positions to each side: two convolutions of dilation 6', () => {
    const head = new FcnHead(4, { form: 'nf', numClasses: 2, hiddenChannels: 8 })
    const x = randn([1, 4, 31, 31]).requiresGrad_()
    head(x).select(2, 15).select(2, 15).sum().backward()
    const touched = (at: number) => Number(x.grad?.select(3, at).abs().sum().item()) > 0
    expect([2, 3, 15, 27, 28].map(touched)).toEqual([false, true, true, true, false])
  })

  it('keeps variance 1 in front of its activations, normalizer-free', () => {
    const head = new FcnHead(256, { form: 'nf' })
    noGrad(() => {
      const x = randn([4, 256, 48, 48]).relu().mul(1.712859)
      // Inside the margin that padding reaches.
      const inner = (y: Tensor) => variance(y.slice(2, 12, 36).slice(3, 12, 36))
      const y = head.conv1(x)
      expect(inner(y)).toBeCloseTo(1, 1)
      expect(inner(head.conv2(head.act1(y)))).toBeCloseTo(1, 0)
    })
  })
})

describe('unpool', () => {
  it('puts values at even places and zeros elsewhere', () => {
    const x = filled([1, 1, 2, 2], i => i + 1)
    expect(numbers(unpool(x))).toEqual([1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0])
    const channelsLast = randn([2, 3, 4, 5]).to({ memoryFormat: 'channels_last' })
    expect(numbers(unpool(channelsLast)).length).toBe(4 * channelsLast.numel)
  })
})

describe('UpProjection', () => {
  it('doubles the size, and adds two branches of the unpooled input', () => {
    const block = new UpProjection(2, 3, { form: 'batch' }).eval()
    const x = randn([1, 2, 3, 4])
    const y = noGrad(() => block(x))
    expect(y.shape).toEqual([1, 3, 6, 8])
    const u = unpool(x)
    const expected = noGrad(() => block.conv2(block.conv1(u).relu()).add(block.shortcut(u)).relu())
    expect(largestDifference(numbers(y), numbers(expected))).toBeLessThan(1e-6)
  })

  it.each<[string, number, (channels: number) => Tensor]>([
    ['centred features', 0, channels => randn([8, channels, 24, 24])],
    ['activated features', 1.712859 / Math.sqrt(2 * Math.PI), standardNormalFeatures],
  ])('keeps variance 1 on %s, normalizer-free', (_, inputMean, make) => {
    const block = new UpProjection(128, 128, { form: 'nf', inputMean })
    const y = noGrad(() => block(make(128)))
    expect(variance(y)).toBeGreaterThan(0.8)
    expect(variance(y)).toBeLessThan(1.2)
  })
})

describe('UpProjectionHead', () => {
  it('halves the channels five times and enlarges 16 times', () => {
    const head = new UpProjectionHead(64, { form: 'nf' })
    expect(head.blocks.children().length).toBe(4)
    expect(noGrad(() => head(randn([1, 64, 2, 3]))).shape).toEqual([1, 1, 32, 48])
    expect(head.fc.inChannels).toBe(2)
  })

  it('keeps the variance of features through its blocks, normalizer-free', () => {
    const head = new UpProjectionHead(512, { form: 'nf' })
    noGrad(() => {
      let y = head.conv1(randn([2, 512, 8, 8]).relu().mul(1.712859))
      for (const block of head.blocks.children()) {
        y = block(y)
        expect(variance(y)).toBeGreaterThan(0.6)
        expect(variance(y)).toBeLessThan(1.5)
      }
    })
  })
})
