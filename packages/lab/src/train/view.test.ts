import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/load.ts'
import { viewOf } from './view.ts'

describe('viewOf', () => {
  it("is the published weights' own without settings", () => {
    expect(viewOf(parseRunConfig({ model: 'dm_nfnet_f0' }), 256)).toEqual({
      ...{ cropPct: 0.9, cropMode: 'squash', interpolation: 'bicubic' },
    })
  })

  it('lets a recipe say otherwise', () => {
    const evaluation = { cropPct: 0.5, interpolation: 'bilinear' }
    expect(viewOf(parseRunConfig({ model: 'nf_resnet50', evaluation }), 224)).toEqual({
      ...{ cropPct: 0.5, cropMode: 'center', interpolation: 'bilinear' },
    })
  })

  it('resizes to exactly size and margin, whatever the size', () => {
    const config = parseRunConfig({ model: 'nf_resnet50', 'evaluation.margin': 32 })
    for (let size = 8; size <= 640; size++)
      expect(Math.floor(size / viewOf(config, size).cropPct)).toBe(size + 32)
  })
})
