import { ArgumentError, manualSeed, nn, noGrad } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { RescaleNet, type RescaleNetOptions, rescaleWeights } from '../models/rescale-net.ts'
import { createModel } from '../registry.ts'
import { residualBlocks } from '../signal/taps.ts'
import { residualMultipliers } from './multipliers.ts'

beforeEach(() => manualSeed(32))

const LAYERS = [2, 1, 1, 1]
const rescale = (options: Partial<RescaleNetOptions> = {}) =>
  new RescaleNet({ layers: LAYERS, baseWidth: 16, ...options })

/** The learned scale of every block of a RescaleNet. */
const scales = (model: RescaleNet): nn.Parameter[] =>
  residualBlocks(model).map(([, block]) => block.multipliers().learned as nn.Parameter)

describe('residualMultipliers', () => {
  it('has the weights of a fresh RescaleNet, whose squares sum to 1', () => {
    const rows = residualMultipliers(rescale())
    const weights = rescaleWeights(5)
    expect(rows.map(({ index, name }) => [index, name])).toEqual([
      [1, 'layer1.0'],
      [2, 'layer1.1'],
      [3, 'layer2.0'],
      [4, 'layer3.0'],
      [5, 'layer4.0'],
    ])
    for (const [i, row] of rows.entries()) {
      expect(row.identity).toBeCloseTo(weights[i].identity, 12)
      expect(row.residual).toBeCloseTo(5 ** -0.5, 12)
      expect(row.learned).toEqual({ size: 1, mean: 1, min: 1, max: 1 })
      expect(Math.abs(row.branch / weights[i].residual - 1)).toBeLessThan(0.06)
      expect(Math.abs(row.identity ** 2 + row.branch ** 2 - 1)).toBeLessThan(0.03)
    }
  })

  it('follows what is learned: scales, kernels, a scalar on the shortcut', () => {
    const model = rescale({ identityScale: true })
    const before = residualMultipliers(model)[1]
    noGrad(() => {
      scales(model)[1].fill_(3)
      const [, block] = residualBlocks(model)[1]
      for (const { weight } of block.multipliers().kernels) weight.mul_(0.5)
      ;(block as unknown as { _identityScale: nn.Parameter })._identityScale.fill_(2)
    })
    const after = residualMultipliers(model)[1]
    expect(after.learned?.mean).toBe(3)
    expect(after.kernels! / before.kernels!).toBeCloseTo(1 / 8, 6)
    expect(after.branch / before.branch).toBeCloseTo(3 / 8, 6)
    expect(after.identity / before.identity).toBeCloseTo(2, 6)
  })

  it('summarizes a vector of multipliers', () => {
    const model = rescale({ multiplier: 'vector' })
    noGrad(() => {
      const scale = scales(model)[0]
      scale.select(1, 0).fill_(5)
      scale.select(1, 1).fill_(-3)
    })
    const [{ learned }] = residualMultipliers(model)
    expect(learned).toEqual({ size: 256, mean: 1, min: -3, max: 5 })
  })

  it('knows the multipliers of the other families', () => {
    const [nf, rezero, plain, fixup, selu] = [
      ['nf_resnet20', { alpha: 0.3 }] as const,
      ['rezero_resnet20', {}] as const,
      ['resnet20_nonorm', {}] as const,
      ['fixup_resnet20', {}] as const,
      ['selu_resnetv2_50', {}] as const,
    ].map(([name, options]) => residualMultipliers(createModel(name, options))[0])
    const zero = { size: 1, mean: 0, min: 0, max: 0 }
    expect(nf).toMatchObject({
      identity: 1,
      residual: 0.3,
      learned: zero,
      kernels: null,
      branch: 0,
    })
    expect(rezero).toMatchObject({ identity: 1, residual: 1, learned: zero, branch: 0 })
    expect(plain).toMatchObject({ identity: 1, residual: 1, learned: null, branch: 1 })
    expect(fixup).toMatchObject({ residual: 1, learned: { mean: 1 }, kernels: 0, branch: 0 })
    expect(selu.identity ** 2 + selu.residual ** 2).toBeCloseTo(1, 12)
    expect(selu.residual).toBeCloseTo(0.2 / Math.sqrt(1.04), 12)
  })

  it('refuses a model without residual blocks', () => {
    expect(() => residualMultipliers(new nn.ReLU())).toThrow(ArgumentError)
  })
})
