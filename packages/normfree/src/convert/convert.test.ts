import {
  ArgumentError,
  manualSeed,
  nn,
  noGrad,
  optim,
  randn,
  type Tensor,
  tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { fuse } from '../fuse/fuse.ts'
import { GAMMA } from '../gain.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { NormFreeNet } from '../models/normfree-net.ts'
import { ResNet } from '../models/resnet.ts'
import { ResNetV2 } from '../models/resnetv2.ts'
import { predictSignal } from '../predict/predict-signal.ts'
import { createModel } from '../registry.ts'
import { measureSignal, openBranches } from '../signal/measure.ts'
import { planBlocks } from '../variance.ts'
import { convert, convertedModel } from './convert.ts'
import { ConvertedConv2d } from './converted-conv.ts'
import { Obstinate, UserResNet } from './nets.test.util.ts'

beforeEach(() => manualSeed(3))

const normsOf = (model: nn.Module) =>
  model.modules().filter(module => module instanceof nn.BatchNorm2d)
const convsOf = (model: nn.Module) =>
  model
    .modules()
    .filter(module => module instanceof ConvertedConv2d) as unknown as ConvertedConv2d[]

/** Norms as after training. */
function trained<M extends nn.Module>(model: M): M {
  noGrad(() => {
    for (const norm of normsOf(model) as unknown as nn.BatchNorm2d[]) {
      norm.weight?.copy_(randn(norm.weight.shape).mul(0.1).add(0.4))
      norm.bias?.copy_(randn(norm.bias.shape).mul(0.2))
      norm.numBatchesTracked?.add_(100)
    }
  })
  return model
}

const relativeError = (actual: Tensor, expected: Tensor): number =>
  actual.sub(expected).norm().item() / expected.norm().item()

const tinyVgg = () =>
  new nn.Sequential(
    new nn.Conv2d(3, 32, 3, { padding: 1 }),
    new nn.BatchNorm2d(32),
    new nn.SiLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(32, 64, 3, { padding: 1 }),
    new nn.BatchNorm2d(64),
    new nn.GELU(),
    new nn.Conv2d(64, 64, 3, { padding: 1 }),
    new nn.BatchNorm2d(64),
    new nn.ReLU(),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(64, 10),
  )

const shallowV1 = () => new ResNet({ block: 'basic', layers: [1, 1, 1, 1], numClasses: 7 })

/** A thin net of [1, 1] bottlenecks, with the names of a ResNetV2-50. */
const shallowV2 = () =>
  new ResNetV2({ block: 'bottleneck', layers: [2, 1], channels: [128, 256], numClasses: 7 })

const NETS: Record<string, { side: number; create(): nn.Module }> = {
  resnet20: { side: 64, create: () => createModel('resnet20') },
  'a ResNetV2': { side: 97, create: () => shallowV2() },
  'a ResNet': { side: 64, create: () => shallowV1() },
  'a user’s ResNet': { side: 48, create: () => new UserResNet() },
  'a user’s ResNet with gates': { side: 48, create: () => new UserResNet({ gated: true }) },
  'a plain net': { side: 48, create: tinyVgg },
}

const shallowNormFree = () =>
  new NormFreeNet(
    {
      ...{ convention: 'deepmind', activation: 'relu', alpha: 0.2, depths: [2, 1] },
      ...{ channels: [128, 256], stem: { kind: '7x7_pool', channels: 64 }, numFeatures: null },
      ...{ bottleRatio: 0.25, reg: false, extraConv: false, zeroInitFc: false, groupSize: null },
      ...{ attention: null, shortcut: 'strided_conv' },
    },
    { numClasses: 7 },
  )

describe('convert', () => {
  it.each(Object.keys(NETS))(
    'takes the norms out of %s and keeps its variance as expected',
    name => {
      const { side, create } = NETS[name]
      const model = create()
      const { left, layers, norms } = convert(model, [3, side, side])
      expect([left, normsOf(model).length]).toEqual([[], 0])
      expect(convsOf(model)).toHaveLength(layers.length)
      expect(norms.length).toBeGreaterThan(2)
      openBranches(model)
      const measured = measureSignal(model, randn([4, 3, side, side]))
      const { taps } = predictSignal(model, [3, side, side])
      measured.forEach((tap, i) => {
        if (tap.name === '12') return
        const ratio = tap.channelVariance / taps[i].channelVariance
        expect(Math.abs(ratio - 1), `${tap.name} ${ratio}`).toBeLessThan(i < 5 ? 0.06 : 0.15)
      })
    },
  )

  it.each([0.2, 1])('adds alpha^2 in every block, on smooth images, for alpha %d', alpha => {
    const model = createModel('resnetv2_20')
    convert(model, [3, 64, 64], { alpha })
    openBranches(model)
    const { taps } = predictSignal(model, [3, 64, 64], { smooth: true })
    const plan = planBlocks([3, 3, 3], alpha)
    plan.forEach(({ predictedVariance }, i) => {
      expect(Math.abs(taps[i + 1].channelVariance / predictedVariance - 1)).toBeLessThan(0.02)
    })
  })

  it('gives a pre-activation net the function of the NF-ResNet with the same weights', () => {
    const [converted, reference] = [shallowV2(), shallowNormFree()]
    // At odd sides SAME padding is symmetric.
    convert(converted, [3, 65, 65])
    for (const model of [converted, reference]) openBranches(model)
    const state = new Map(
      Array.from(reference.stateDict(), ([name, tensor]) => {
        const own = name.replace(/^stages\.(\d+)\.(\d+)/, 'stages.$1.blocks.$2')
        return [own, own === 'head.fc.weight' ? tensor.view([7, 256, 1, 1]) : tensor]
      }),
    )
    const { missingKeys, unexpectedKeys } = converted.loadStateDict(state, { strict: false })
    expect(missingKeys).toEqual([])
    expect(unexpectedKeys.every(name => name.endsWith('skipinit_gain'))).toBe(true)
    const images = randn([2, 3, 65, 65])
    const [actual, expected] = [converted, reference].map(model => model.eval()(images))
    // The last activation of the one has gamma, that of the other has none.
    const error = relativeError(actual.mul(GAMMA.relu), expected)
    expect(error).toBeLessThan(2e-3)
  })

  it('starts branches silent, unless the norms are trained or it is told not to', () => {
    const gainsOf = (model: nn.Module) =>
      convsOf(model)
        .filter(({ scale }) => scale !== 1)
        .map(({ gain }) => gain.abs().max().item())
    const fresh = new UserResNet()
    expect(convert(fresh, [3, 32, 32])).toMatchObject({ trained: false, zeroInitLast: true })
    expect(gainsOf(fresh)).toEqual([0, 0, 0, 0])
    const open = new UserResNet()
    convert(open, [3, 32, 32], { zeroInitLast: false })
    expect(gainsOf(open)).toEqual([1, 1, 1, 1])
    const used = trained(new UserResNet())
    expect(convert(used, [3, 32, 32])).toMatchObject({ trained: true, zeroInitLast: false })
    expect(Math.min(...gainsOf(used))).toBeGreaterThan(0.1)
  })

  it('does not silence twice what a scalar silences already', () => {
    const model = new UserResNet({ rezero: true })
    convert(model, [3, 32, 32])
    const ends = convsOf(model).filter(({ scale }) => scale !== 1)
    expect(ends.map(({ gain }) => gain.min().item())).toEqual([1, 1, 1, 1])
    expect(ends.map(({ scale }) => Math.round(1000 * scale))).toEqual([200, 200, 200, 200])
  })

  it('makes up for gates: by gain 2 in ours, by the scale of a convolution in others', () => {
    const ours = createModel('regnety_002')
    expect(convert(ours, [3, 64, 64]).gates.slice(0, 2)).toEqual(['s1.b1.se', 's2.b1.se'])
    const theirs = new UserResNet({ gated: true })
    const { remarks } = convert(theirs, [3, 48, 48])
    expect(remarks.join()).toMatch(/layers\.0\.gate, layers\.1\.gate, .* makes up for it/)
    const ends = convsOf(theirs).filter(({ scale }) => scale !== 1)
    for (const { scale } of ends) expect(scale).toBeCloseTo(0.4, 1)
  })

  it('gives channels the deviations and means that trained norms gave them', () => {
    const create = () =>
      new nn.Sequential(
        new nn.Conv2d(3, 48, 3),
        new nn.BatchNorm2d(48),
        new nn.ReLU(),
        new nn.Conv2d(48, 48, 3),
        new nn.BatchNorm2d(48),
        new nn.ReLU(),
        new nn.Conv2d(48, 48, 3),
        new nn.BatchNorm2d(48),
      )
    const model = trained(create())
    const norm = model.getSubmodule('7') as unknown as nn.BatchNorm2d
    convert(model, [3, 32, 32])
    const [variance, mean] = model(randn([16, 3, 32, 32])).varMean([0, 2, 3], { correction: 0 })
    const ratio = variance.sqrt().div(norm.weight?.abs() as Tensor)
    expect(Math.abs(ratio.mean().item() - 1)).toBeLessThan(0.05)
    expect(
      mean
        .sub(norm.bias as Tensor)
        .square()
        .mean()
        .item(),
    ).toBeLessThan(0.06)
  })

  it('gives the same function to a state dict in another net converted alike', () => {
    const [first, second] = [createModel('resnet20'), convertedModel('resnet20')]
    convert(trained(first), [3, 32, 32])
    second.loadStateDict(first.stateDict())
    const images = randn([4, 3, 32, 32])
    expect(numbers(second(images))).toEqual(numbers(first(images)))
  })

  it('trains', () => {
    const model = convertedModel('resnet20')
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
    // Two classes, the one brighter than the other.
    const classes = Array.from({ length: 16 }, (_, i) => i % 2)
    const labels = tensor(classes, { dtype: 'int64' })
    const images = randn([16, 3, 16, 16]).add(tensor(classes).view([16, 1, 1, 1]))
    const losses = Array.from({ length: 15 }, () => {
      optimizer.zeroGrad()
      const loss = nn.functional.crossEntropy(model.train()(images), labels)
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    expect(losses[14]).toBeLessThan(0.3 * losses[0])
  })

  it('keeps its function when it is fused', () => {
    const model = new UserResNet()
    convert(model, [3, 32, 32], { zeroInitLast: false })
    const images = randn([2, 3, 32, 32])
    const expected = noGrad(() => model.eval()(images))
    fuse(model, images)
    expect(convsOf(model)).toEqual([])
    expect(
      relativeError(
        noGrad(() => model(images)),
        expected,
      ),
    ).toBeLessThan(1e-5)
  })

  it('says what it cannot convert, why, and what to do, and leaves that as it is', () => {
    const model = new Obstinate()
    const { left, norms, remarks } = convert(model, [3, 24, 24])
    expect(left.map(({ module, reason }) => [module, reason])).toEqual([
      ['input', 'no convolution stands in front of it: it normalizes the images'],
      ['norm1', expect.stringMatching(/^twice in front of it is called 2 times/)],
      ['norm2', expect.stringMatching(/^twice in front of it is called 2 times/)],
      ['scale_norm', expect.stringMatching(/^scale in front of it has one weight a unit/)],
      ['group', 'it takes no statistics over the batch'],
      ['', 'it is called as a function'],
      ['features', expect.stringMatching(/Scaled WS has no form for it$/)],
    ])
    expect(norms.map(({ name }) => name)).toEqual(['stem_norm', 'depthwise_norm'])
    expect(remarks).toEqual([expect.stringMatching(/^depthwise: depthwise, .* 3\.2 %/)])
    expect(model.norm1).toBeInstanceOf(nn.BatchNorm2d)
    expect(model.called).toBeInstanceOf(nn.Conv2d)
    expect(model.called).not.toBeInstanceOf(ScaledStdConv2d)
    expect(model(randn([2, 3, 24, 24])).shape).toEqual([2, 8])
  })

  it('changes no parameter that it does not take over, and leaves the mode as it was', () => {
    const model = createModel('resnet20').eval()
    const before = numbers(model.getParameter('fc.weight'))
    convert(model, [3, 32, 32])
    expect(numbers(model.getParameter('fc.weight'))).toEqual(before)
    expect(model.modules().filter(({ training }) => training)).toEqual([])
  })

  it('refuses nets without batch norms that can go, and what is no alpha or shape', () => {
    const plain = new nn.Sequential(new nn.Conv2d(3, 4, 3))
    expect(() => convert(plain, [3, 8, 8])).toThrow(
      /Expected batch norms .* but Sequential has none/,
    )
    const input = new nn.Sequential(new nn.BatchNorm2d(3), new nn.Conv2d(3, 4, 3))
    expect(() => convert(input, [3, 8, 8])).toThrow(/0 stays, since no convolution stands in front/)
    expect(() => convert(new UserResNet(), [3, 32, 32], { alpha: 0 })).toThrow(ArgumentError)
    expect(() => convert(new UserResNet(), [3, 32])).toThrow(ArgumentError)
  })
})
