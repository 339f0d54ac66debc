import { ArgumentError, manualSeed, nn, noGrad, randn, type Tensor, tidy } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { UnknownModelError } from './errors.ts'
import { numbers } from './fixtures.test.util.ts'
import { GAMMA } from './gain.ts'
import type { AddBias } from './layers/add-bias.ts'
import { ScaledActivation } from './layers/scaled-activation.ts'
import { ScaledStdConv2d } from './layers/scaled-std-conv.ts'
import type { CifarResNet } from './models/cifar-resnet.ts'
import type { ModelOptions } from './models/entry.ts'
import type { RescaleNet } from './models/rescale-net.ts'
import { moduleTree } from './module-tree.ts'
import { allFinite } from './non-finite.ts'
import { createModel, listModels, modelEntry } from './registry.ts'

beforeEach(() => manualSeed(6))

const NAMES = listModels().map(({ name }) => name)

/** Models of a family whose names differ in digits alone are of one kind: rows of other numbers. */
const FIRST_OF_KIND = [
  ...new Map(
    listModels()
      .reverse()
      .map(({ name, family }) => [`${family} ${name.replace(/\d+/g, '#')}`, name]),
  ).values(),
].reverse()

/** Gives the memory back before the collector would. */
function release(...models: nn.Module[]): void {
  for (const model of models) {
    model.zeroGrad()
    for (const tensor of model.stateDict().values()) tensor.dispose()
  }
}

describe.each(NAMES)('model %s', name => {
  it('puts out one row of logits an image at its resolution', () => {
    const model = nn.utils.skipInit(() => createModel(name, { numClasses: 7 }))
    const { resolution } = modelEntry(name)
    const [root] = moduleTree(model, resolution)
    release(model)
    expect(root.output).toEqual([7])
    expect(root.parameters).toBeGreaterThan(1e5)
  })
})

describe.each(FIRST_OF_KIND)('model %s', name => {
  // Small sides: what is asked holds at any.
  const images = () => randn([2, 3, 40, 40])

  it('has a finite gradient for every parameter', () => {
    const model = createModel(name)
    const without = tidy(() => {
      model(images()).square().sum().backward()
      return [...model.namedParameters()]
        .filter(([, { grad }]) => grad === null || !allFinite(grad))
        .map(([key]) => key)
    })
    release(model)
    expect(without).toEqual([])
  })

  it('computes the same after its state is saved and loaded into another', () => {
    const model = createModel(name).eval()
    // What is not loaded keeps whatever its memory held.
    const copy = nn.utils.skipInit(() => createModel(name)).eval()
    noGrad(() => {
      for (const parameter of model.parameters()) parameter.add_(0.01)
    })
    const x = images()
    const logits = () => [model, copy].map(each => numbers(noGrad(() => each(x))))
    const [expected, before] = logits()
    expect(before).not.toEqual(expected)
    copy.loadStateDict(model.stateDict())
    expect(logits()[1]).toEqual(expected)
    release(model, copy)
  })
})

describe('listModels', () => {
  it('has unique names, each buildable with another number of classes', () => {
    expect(new Set(NAMES).size).toBe(NAMES.length)
    const fc = createModel('nf_resnet20', { numClasses: 4 }).stateDict().get('fc.weight') as Tensor
    expect(fc.shape).toEqual([4, 64])
  })

  it('filters by name and description in any case', () => {
    expect(listModels('NF_resnet20').map(({ name }) => name)).toEqual([
      'nf_resnet20',
      'nf_resnet200',
      'dm_nf_resnet200',
    ])
    expect(listModels('RESCALENET’S biases')).toHaveLength(2)
    expect(listModels('transformer')).toEqual([])
  })
})

describe('createModel', () => {
  it('draws other weights each time, and the same after the same seed', () => {
    const kernel = () => numbers(createModel('resnet20').stateDict().get('conv1.weight') as Tensor)
    manualSeed(7)
    const [first, second] = [kernel(), kernel()]
    manualSeed(7)
    expect(kernel()).toEqual(first)
    expect(second).not.toEqual(first)
  })

  it('hands alpha on to normalizer-free models', () => {
    const alphaOf = (name: string, alpha?: number) =>
      (createModel(name, { alpha }) as CifarResNet).alpha
    expect(alphaOf('nf_resnet20', 1)).toBe(1)
    expect(alphaOf('nf_resnet20')).toBe(0.2)
    expect(alphaOf('resnet20')).toBe(null)
  })

  it('builds the RescaleNets that its reviewers asked for', () => {
    const options = { c: 0, multiplier: 'vector', biasBatches: 0, identityScale: true } as const
    const model = createModel('rescale50', { ...options, depthInit: false }) as RescaleNet
    const block = model.layer1[0] as nn.Module & {
      identity: number
      addbias1: AddBias
      conv1: nn.Conv2d
    }
    // With c = 0 the first block has no shortcut.
    expect([block.identity, block.addbias1.batches]).toEqual([0, 0])
    const shapes = ['_scale', '_identity_scale'].map(name => block.stateDict().get(name)?.shape)
    expect(shapes).toEqual([[1, 256, 1, 1], [1]])
    // He's variance of 2 / 64, which depth does not scale.
    expect(block.conv1.weight.square().mean().item()).toBeCloseTo(2 / 64, 2)
  })

  it('builds normalizer-free nets with another activation, and its gain', () => {
    for (const name of ['nf_resnet20', 'dm_nf_resnet26']) {
      const layers = createModel(name, { activation: 'silu' }).modules()
      const activations = layers.filter(layer => layer instanceof ScaledActivation)
      expect(activations.length).toBeGreaterThan(9)
      for (const each of activations as unknown as ScaledActivation[]) {
        expect(each.activation).toBeInstanceOf(nn.SiLU)
        expect(each.gamma).toBe(GAMMA.silu)
      }
      expect(layers.some(layer => layer instanceof nn.ReLU)).toBe(false)
    }
  })

  it('builds normalizer-free nets whose kernels are standardized apart from the forward pass', () => {
    for (const name of ['nf_resnet20', 'nf_resnet26']) {
      const model = createModel(name, { weightStandardization: 'decoupled' })
      const convs = model.modules().filter(module => module instanceof ScaledStdConv2d)
      expect(new Set(convs.map(conv => (conv as unknown as ScaledStdConv2d).decoupled))).toEqual(
        new Set([true]),
      )
    }
  })

  it.each([
    [
      'resnet20',
      { alpha: 1 },
      /no `alpha` for resnet20, which does not have it, but received 1\. It/,
    ],
    [
      'resnet20',
      { outputStride: 8 },
      /no `outputStride` for resnet20.* received 8\. It takes numClas/,
    ],
    ['vgg11', { outputStride: 16 }, /no `outputStride` for vgg11/],
    ['vgg11', { dropPathRate: 0.1 }, /no `dropPathRate` for vgg11/],
    ['fixup50', { norm: 'batch' }, /no `norm` for fixup50/],
    ['nf_resnet50', { c: 1 }, /no `c` for nf_resnet50/],
    ['resnet50', { weightStandardization: 'forward' }, /no `weightStandardization` for resnet50/],
    ['resnet50', { width: 2 }, /no `width` for resnet50/],
    ['rescale50', { c: -1 }, /a finite number >= 0 for `c` but received -1/],
    [
      'rescale50',
      { multiplier: 'matrix' },
      /scalar or vector for `multiplier` but received "matrix"/,
    ],
    ['rescale50', { depthInit: 'no' }, /true or false for `depthInit` but received "no"/],
    ['resnet50', { activation: 'silu' }, /no `activation` for resnet50/],
    ['nf_resnet50', { activation: 'swish' }, /silu.* for `activation` but received "swish"/],
    ['nf_resnet50', { alpha: 0 }, /a finite number > 0 for `alpha` but received 0/],
    ['resnet50', { norm: 'bath' }, /instance or none for `norm` but received "bath"/],
    ['resnet50', { outputStride: 4 }, /8, 16 or 32 for `outputStride` but received 4/],
    ['resnet50', { numClasses: 0 }, /an integer >= 1 for `numClasses` but received 0/],
  ])('refuses for %s what it does not have or cannot be: %j', (name, options, message) => {
    expect(() => createModel(name, options as ModelOptions)).toThrow(ArgumentError)
    expect(() => createModel(name, options as ModelOptions)).toThrow(message)
  })

  it('takes the name of a net for 32 px with cifar_ in front', () => {
    expect(modelEntry('cifar_fixup_resnet20')).toBe(modelEntry('fixup_resnet20'))
    expect(() => modelEntry('cifar_resnet50')).toThrow(UnknownModelError)
  })

  it('takes options that are undefined as not given', () => {
    const norms = (model: nn.Module) =>
      model.modules().filter(each => each instanceof nn.GroupNorm).length
    expect(norms(createModel('resnet20_gn', { norm: undefined }))).toBe(21)
  })

  it('names the nearest models for one it does not have', () => {
    const build = () => createModel('nf_resnet21')
    expect(build).toThrow(UnknownModelError)
    expect(build).toThrow(ArgumentError)
    expect(build).toThrow(/received "nf_resnet21"\. Did you mean nf_resnet20, /)
  })

  it('suggests nothing where nothing is near', () => {
    expect(() => createModel('vit')).toThrow(
      'Expected a model name but received "vit". `normfree models` lists all.',
    )
  })
})
