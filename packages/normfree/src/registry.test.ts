import { ArgumentError, manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { UnknownModelError } from './errors.ts'
import { numbers } from './fixtures.test.util.ts'
import { modelCost } from './inspect.ts'
import type { CifarResNet } from './models/cifar-resnet.ts'
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

/** What is run and not only sized: NFNet-F0 alone would take longer than all others. */
const RUN = FIRST_OF_KIND.filter(name => modelCost(name, 32).parameters < 4e7)

describe.each(NAMES)('model %s', name => {
  it('puts out one row of logits an image at its resolution', () => {
    const model = nn.utils.skipInit(() => createModel(name, { numClasses: 7 }))
    const { resolution } = modelEntry(name)
    const [root] = moduleTree(model, resolution)
    for (const tensor of model.stateDict().values()) tensor.dispose()
    expect(root.output).toEqual([7])
    expect(root.parameters).toBeGreaterThan(1e5)
  })
})

describe.each(RUN)('model %s', name => {
  // Small sides: what is asked holds at any.
  const images = () => randn([2, 3, 40, 40])

  it('has a finite gradient for every parameter', () => {
    const model = createModel(name)
    const logits = model(images())
    logits.square().sum().backward()
    const without = [...model.namedParameters()]
      .filter(([, { grad }]) => grad === null || !allFinite(grad))
      .map(([key]) => key)
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
    expect(alphaOf('resnet20', 1)).toBe(null)
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
