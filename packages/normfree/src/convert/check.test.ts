import { manualSeed, type nn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkModel } from '../check/check-model.ts'
import { applyFixes } from '../check/fixes.ts'
import { createModel } from '../registry.ts'
import { convert } from './convert.ts'
import { ConvertedConv2d } from './converted-conv.ts'
import { UserResNet } from './nets.test.util.ts'

beforeEach(() => manualSeed(5))

const converted = (model: nn.Module, side: number): nn.Module => {
  convert(model, [3, side, side])
  return model
}

describe('checkModel of converted nets', () => {
  it.each([
    ['resnet20', 32, () => createModel('resnet20')],
    ['resnetv2_20', 32, () => createModel('resnetv2_20')],
    ['regnety_002', 224, () => createModel('regnety_002')],
    ['a user’s ResNet', 32, () => new UserResNet()],
    ['a user’s ResNet with gates', 32, () => new UserResNet({ gated: true })],
  ])('finds nothing in %s', (_, side, create) => {
    const model = converted(create(), side)
    expect(checkModel(model, { shape: [3, side, side] })).toEqual([])
  })

  it('finds a gamma that was changed, and mends it', () => {
    const model = converted(new UserResNet(), 32)
    const convs = model.modules().filter(module => module instanceof ConvertedConv2d)
    const [, , second] = convs as unknown as ConvertedConv2d[]
    second.gamma *= 2
    const options = { shape: [3, 32, 32] as const }
    const findings = checkModel(model, options)
    expect(findings).toMatchObject([{ rule: 'wrong-gain', block: 'layers.0.conv2' }])
    const mended = applyFixes(
      model,
      findings.flatMap(({ fixes }) => fixes),
      options,
    )
    expect(checkModel(model, mended)).toEqual([])
  })
})
