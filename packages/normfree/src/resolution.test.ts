import { ArgumentError, randn, ShapeError } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import type { ModelOptions } from './models/entry.ts'
import { createModel } from './registry.ts'
import { checkResolution } from './resolution.ts'

describe('a resolution', () => {
  it.each([
    ['nf_resnet50', 32],
    ['test_nfnet', 32],
    ['efficientnet_b0', 32],
    ['resnet20', 4],
  ])('of %s may be as small as its strides, %d, and no smaller', (name, least) => {
    expect(() => checkResolution(name, least)).not.toThrow()
    expect(() => checkResolution(name, least - 1)).toThrow(ArgumentError)
    expect(() => checkResolution(name, least - 1)).toThrow(
      new RegExp(`at least ${least} pixels .* of ${name} .* received ${least - 1}`),
    )
  })

  it('that leaves a VGG nothing to pool is refused by the model', () => {
    const model = createModel('vgg11')
    expect(() => model(randn([1, 3, 40, 31]))).toThrow(ShapeError)
    expect(() => model(randn([1, 3, 40, 31]))).toThrow(/at least 32 x 32 .* \[1, 3, 40, 31\]/)
  })
})

describe('an option out of range', () => {
  it.each<[ModelOptions, RegExp]>([
    [{ numClasses: 0 }, /integer >= 1 for `numClasses` but received 0/],
    [{ inChans: 1.5 }, /integer >= 1 for `inChans` but received 1.5/],
    [{ dropRate: 1 }, /probability .* `dropRate` but received 1/],
    [{ dropPathRate: -0.1 }, /probability .* `dropPathRate` but received -0.1/],
    [{ outputStride: 5 as 8 }, /8, 16 or 32 for `outputStride` but received 5/],
    [{ norm: 'grp' as 'group' }, /^Expected batch, .* or none for `norm` but received "grp"/],
  ])('%j is refused in one line', (options, message) => {
    const build = () => createModel('resnet18', options)
    expect(build).toThrow(ArgumentError)
    expect(build).toThrow(message)
  })
})
