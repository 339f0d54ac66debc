import { ArgumentError, manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { hooksLeftBy, snapshot } from '../fixtures.test.util.ts'
import { fillParameters } from '../goldens/fill.ts'
import { Conv2dSame } from '../layers/same-padding.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import type { ConventionName } from '../models/normfree-conventions.ts'
import { NormFreeNet } from '../models/normfree-net.ts'
import { createModel } from '../registry.ts'
import { fuse } from './fuse.ts'

beforeEach(() => manualSeed(8))

/** Random weights, and running statistics that are not those of the start. */
function filled<M extends nn.Module>(model: M): M {
  fillParameters(model)
  noGrad(() => {
    for (const [name, buffer] of model.namedBuffers()) {
      if (name.endsWith('running_mean')) buffer.copy_(randn(buffer.shape))
      if (name.endsWith('running_var')) buffer.copy_(randn(buffer.shape).square().add(0.5))
    }
  })
  return model.eval()
}

const tinyNet = (convention: ConventionName) =>
  new NormFreeNet(
    {
      ...{ convention, activation: 'silu', alpha: 0.2, depths: [1, 2], channels: [16, 32] },
      ...{ stem: { kind: 'deep_quad', channels: 8, hidden: [4, 4, 4] }, numFeatures: 48 },
      ...{ bottleRatio: 0.5, reg: false, extraConv: true, groupSize: 4, zeroInitFc: false },
      ...{ attention: { kind: 'se', ratio: 0.5 }, shortcut: 'avg_pool' },
    },
    { numClasses: 7 },
  )

const relativeError = (actual: Tensor, expected: Tensor): number =>
  actual.sub(expected).norm().item() / expected.norm().item()

/** How far the fused model's outputs are from the model's, at another size than it was fused with. */
function errorOfFusing(model: nn.Module, side: number): number {
  const images = randn([2, 3, side + 5, side])
  const expected = noGrad(() => model(images))
  fuse(model, randn([1, 3, side, side]))
  return relativeError(
    noGrad(() => model(images)),
    expected,
  )
}

const count = (model: nn.Module, Kind: abstract new (...args: never[]) => nn.AnyModule): number =>
  model.modules().filter(module => module instanceof Kind).length

describe('fuse', () => {
  it.each([
    ...['resnet20', 'resnet20_gn_ws', 'nf_resnet20', 'resnetv2_20', 'fixup_resnet20'],
    ...['skipinit_resnet20', 'rezero_resnet20', 'resnet18', 'resnetv2_18', 'regnety_002'],
    ...['efficientnet_b0', 'test_nfnet', 'nf_regnet_b0', 'dm_nf_regnet_b0', 'nf_ecaresnet26'],
  ])('leaves the outputs of %s as they are but for rounding', name => {
    const model = filled(createModel(name))
    expect(errorOfFusing(model, name.endsWith('20') ? 32 : 64)).toBeLessThan(1e-5)
  })

  it.each([
    ['resnet18', 0],
    ['efficientnet_b0', 0],
    // Two shortcuts subsample in front of their norm.
    ['resnet20', 2],
    // Norms behind sums: one a block and the last.
    ['resnetv2_20', 9 + 1],
  ])('leaves of the batch norms of %s those that follow no convolution: %d', (name, left) => {
    const model = createModel(name)
    expect(count(model, nn.BatchNorm2d)).toBeGreaterThan(left)
    fuse(model, randn([1, 3, 32, 32]))
    expect(count(model, nn.BatchNorm2d)).toBe(left)
  })

  it.each(['timm', 'timm_dm', 'deepmind'] as const)(
    'leaves no standardized convolution, and gamma and beta only in front of the mean (%s)',
    convention => {
      const model = filled(tinyNet(convention))
      expect(errorOfFusing(model, 32)).toBeLessThan(1e-5)
      expect(count(model, ScaledStdConv2d)).toBe(0)
      expect(count(model, ScaledActivation)).toBe(1)
      expect(model.finalAct).toBeInstanceOf(ScaledActivation)
    },
  )

  it('keeps the padding of strided convolutions that depends on the size', () => {
    const strided = (convention: ConventionName) =>
      count(fuse(tinyNet(convention), randn([1, 3, 32, 32])), Conv2dSame)
    expect(strided('timm')).toBe(0)
    expect(strided('deepmind')).toBe(3)
  })

  it('folds batch norms behind convolutions and linear layers, with bias and without', () => {
    const model = filled(
      new nn.Sequential(
        new nn.Conv2d(3, 4, 3, { bias: false, groups: 1 }),
        new nn.BatchNorm2d(4, { affine: false }),
        new nn.SiLU(),
        new nn.Conv2d(4, 8, 1, { groups: 2 }),
        new nn.BatchNorm2d(8),
        new nn.AdaptiveAvgPool2d(1),
        new nn.Flatten(),
        new nn.Linear(8, 5, { bias: false }),
        new nn.BatchNorm1d(5),
      ),
    )
    expect(errorOfFusing(model, 8)).toBeLessThan(1e-5)
    expect(count(model, nn.BatchNorm2d) + count(model, nn.BatchNorm1d)).toBe(0)
  })

  it('leaves batch norms where what they normalize is seen elsewhere too', () => {
    class Leak extends nn.Module {
      readonly conv1 = new nn.Conv2d(3, 3, 3, { padding: 1 })
      readonly bn1 = new nn.BatchNorm2d(3)
      readonly conv2 = new nn.Conv2d(3, 3, 3, { padding: 1 })
      readonly bn2 = new nn.BatchNorm2d(3)
      override forward(x: Tensor): Tensor {
        const y = this.conv1(x)
        return this.bn2(this.conv2(this.bn1(y))).add(y)
      }
    }
    const model = filled(new Leak())
    expect(errorOfFusing(model, 8)).toBeLessThan(1e-5)
    expect(model.bn1).toBeInstanceOf(nn.BatchNorm2d)
    expect(model.bn2).toBeInstanceOf(nn.Identity)
  })

  it('leaves layers that are called twice, and norms that take the statistics of their input', () => {
    class Twice extends nn.Module {
      readonly conv = new nn.Conv2d(3, 3, 3, { padding: 1 })
      readonly bn1 = new nn.BatchNorm2d(3)
      readonly bn2 = new nn.BatchNorm2d(3)
      readonly last = new nn.Conv2d(3, 3, 1)
      readonly bn3 = new nn.BatchNorm2d(3, { trackRunningStats: false })
      override forward(x: Tensor): Tensor {
        return this.bn3(this.last(this.bn2(this.conv(this.bn1(this.conv(x))))))
      }
    }
    const model = filled(new Twice())
    expect(errorOfFusing(model, 8)).toBeLessThan(1e-5)
    expect(count(model, nn.BatchNorm2d)).toBe(3)
  })

  it('does not touch a parameter that another layer shares', () => {
    class Tied extends nn.Module {
      readonly conv1 = new nn.Conv2d(3, 3, 3, { padding: 1 })
      readonly bn1 = new nn.BatchNorm2d(3)
      readonly conv2 = new nn.Conv2d(3, 3, 3, { padding: 1 })
      override forward(x: Tensor): Tensor {
        return this.conv2(this.bn1(this.conv1(x)))
      }
    }
    const model = filled(new Tied())
    Object.assign(model.conv2, { weight: model.conv1.weight })
    expect(errorOfFusing(model, 8)).toBeLessThan(1e-5)
  })

  it('returns the model in evaluation mode and leaves no hook behind', () => {
    const model = tinyNet('timm')
    const { registered, left } = hooksLeftBy(() =>
      expect(fuse(model, randn([1, 3, 32, 32]))).toBe(model),
    )
    expect(registered).toBeGreaterThan(0)
    expect(left).toBe(0)
    expect(model.modules().every(({ training }) => !training)).toBe(true)
  })

  it('refuses an example without elements and leaves the model as it was', () => {
    const model = tinyNet('timm')
    const before = snapshot(model)
    expect(() => fuse(model, randn([0, 3, 32, 32]))).toThrow(ArgumentError)
    expect(snapshot(model)).toEqual(before)
  })
})
