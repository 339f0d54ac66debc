import { manualSeed, type nn, noGrad, randn, type Tensor, tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { hooksLeftBy, snapshot } from './fixtures.test.util.ts'
import { allFinite, findNonFinite } from './non-finite.ts'
import { createModel } from './registry.ts'

beforeEach(() => manualSeed(11))

function modelWith(name: string, parameter: string, value: number): nn.Module {
  const model = createModel(name)
  noGrad(() => void (model.stateDict().get(parameter) as Tensor).fill_(value))
  return model
}

describe('findNonFinite', () => {
  const images = () => randn([2, 3, 32, 32])

  it.each([
    ['nf_resnet20', 'layer2.1.conv2.weight', Number.NaN, 'layer2.1.conv2', 'layer2.1'],
    [
      'nf_resnet20',
      'layer3.0.downsample.bias',
      Number.POSITIVE_INFINITY,
      'layer3.0.downsample',
      'layer3.0',
    ],
    ['resnet20', 'layer1.2.bn1.bias', Number.NaN, 'layer1.2.bn1', 'layer1.2'],
    ['resnet20_nonorm', 'conv1.weight', Number.NaN, 'conv1', null],
    ['resnet20_nonorm', 'fc.bias', Number.NEGATIVE_INFINITY, 'fc', null],
  ])('finds in %s what %s of %d spoils first', (name, parameter, value, module, block) => {
    expect(findNonFinite(modelWith(name, parameter, value), images())).toEqual({ module, block })
  })

  it('names the block where a block’s own arithmetic is to blame', () => {
    const model = modelWith('nf_resnet20', 'layer1.1.skipinit_gain', Number.NaN)
    expect(findNonFinite(model, images())).toEqual({ module: 'layer1.1', block: 'layer1.1' })
  })

  it('gives null for a healthy model, and leaves its state alone', () => {
    const model = createModel('resnet20')
    const before = snapshot(model)
    expect(findNonFinite(model, images())).toBeNull()
    expect(snapshot(model)).toEqual(before)
    expect(model.training).toBe(true)
  })

  it('removes its hooks', () => {
    const model = createModel('resnet20')
    const { registered, left } = hooksLeftBy(() => findNonFinite(model, images()))
    expect(registered).toBeGreaterThan(19)
    expect(left).toBe(0)
  })

  it('names the first module for an input that is itself not finite', () => {
    const spoilt = images().mul(Number.NaN)
    expect(findNonFinite(createModel('nf_resnet20'), spoilt)?.module).toBe('conv1')
  })
})

describe('allFinite', () => {
  it('is false for NaN and infinities of either sign', () => {
    expect(allFinite(tensor([1, -2]))).toBe(true)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(allFinite(tensor([1, value]))).toBe(false)
  })
})
