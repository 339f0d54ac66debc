import { nn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { applyFixes, fixesYaml } from './fixes.ts'

describe('applyFixes', () => {
  it('sets numbers, fills tensors and standardizes kernels in place', () => {
    const model = new nn.Sequential(new ScaledActivation('relu'), new nn.Conv2d(4, 8, 3))
    applyFixes(model, [
      { target: 'model', module: '0', property: 'beta', value: 1.5 },
      { target: 'model', module: '1', property: 'bias', value: 0 },
      { target: 'model', module: '1', property: 'weight', value: 'standardize' },
    ])
    expect((model.getSubmodule('0') as unknown as ScaledActivation).beta).toBe(1.5)
    const rows = model.getParameter('1.weight').flatten(1)
    expect(Math.max(...numbers(rows.sum(1).abs()))).toBeLessThan(1e-5)
    expect(numbers(rows.square().sum(1)).map(sum => sum.toFixed(5))).toEqual(
      Array(8).fill('1.00000'),
    )
    expect(numbers(model.getParameter('1.bias'))).toEqual(Array(8).fill(0))
  })

  it('returns what changes of input and training', () => {
    const clip = { factor: 0.01, eps: 1e-3, exclude: [] }
    const options = applyFixes(
      new nn.Identity(),
      [
        { target: 'input', module: '', property: 'resolution', value: 64 },
        { target: 'training', module: '', property: 'clip.exclude', value: ['gain'] },
      ],
      { shape: [1, 32, 32], training: { lr: 0.1, momentum: 0.9, steps: 10, clip } },
    )
    expect(options.shape).toEqual([1, 64, 64])
    expect(options.training?.clip?.exclude).toEqual(['gain'])
  })

  it('refuses a setting that the model does not have', () => {
    const fix = { target: 'model', module: '', property: 'gamma', value: 1 } as const
    expect(() => applyFixes(new nn.Identity(), [fix])).toThrow(
      'Expected a number or a tensor in `gamma` of the model but received undefined.',
    )
  })
})

describe('fixesYaml', () => {
  it('groups by target and module, the last value of a setting winning', () => {
    expect(
      fixesYaml([
        { target: 'model', module: 'a.conv', property: 'weight', value: 'standardize' },
        { target: 'input', module: '', property: 'resolution', value: 64 },
        { target: 'model', module: 'a.act', property: 'gamma', value: 2 },
        { target: 'model', module: 'a.act', property: 'beta', value: 3 },
        { target: 'model', module: 'a.act', property: 'gamma', value: 1.7 },
      ]),
    ).toBe(`input:
  resolution: 64
model:
  a.act:
    beta: 3
    gamma: 1.7
  a.conv:
    weight: "standardize"`)
  })
})
