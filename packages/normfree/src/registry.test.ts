import { ArgumentError, manualSeed, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { UnknownModelError } from './errors.ts'
import { largestDifference, numbers } from './fixtures.test.util.ts'
import type { CifarResNet } from './models/cifar-resnet.ts'
import { allFinite } from './non-finite.ts'
import { createModel, listModels, modelEntry } from './registry.ts'

beforeEach(() => manualSeed(6))

const NAMES = listModels().map(({ name }) => name)

describe.each(NAMES)('model %s', name => {
  const images = () => {
    const side = modelEntry(name).resolution
    return randn([2, 3, side, side])
  }

  it('maps images to logits and has a finite gradient for every parameter', () => {
    const model = createModel(name)
    const logits = model(images())
    expect(logits.shape).toEqual([2, 10])
    logits.square().sum().backward()
    const without = [...model.namedParameters()]
      .filter(([, { grad }]) => grad === null || !allFinite(grad))
      .map(([key]) => key)
    expect(without).toEqual([])
  })

  it('computes the same after its state is saved and loaded into another', () => {
    const model = createModel(name).eval()
    const copy = createModel(name).eval()
    noGrad(() => {
      for (const parameter of model.parameters()) parameter.add_(randn(parameter.shape).mul(0.01))
    })
    const x = images()
    const logits = () => [model, copy].map(each => numbers(noGrad(() => each(x))))
    const [expected, before] = logits()
    expect(largestDifference(before, expected)).toBeGreaterThan(1e-4)
    copy.loadStateDict(model.stateDict())
    expect(logits()[1]).toEqual(expected)
  })
})

describe('listModels', () => {
  it('has unique names, each buildable with another number of classes', () => {
    expect(new Set(NAMES).size).toBe(NAMES.length)
    expect(NAMES).toHaveLength(15)
    const fc = createModel('nf_resnet20', { numClasses: 4 }).stateDict().get('fc.weight') as Tensor
    expect(fc.shape).toEqual([4, 64])
  })

  it('filters by name and description in any case', () => {
    expect(listModels('NF_resnet').map(({ name }) => name)).toEqual([
      'nf_resnet20',
      'nf_resnet32',
      'nf_resnet44',
      'nf_resnet56',
      'nf_resnet110',
    ])
    expect(listModels('no normalization')).toHaveLength(5)
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
