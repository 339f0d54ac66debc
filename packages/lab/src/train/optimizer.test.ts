import { createModel } from 'normfree'
import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/load.ts'
import { TrainError } from './errors.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import { createOptimizer, parameterGroups } from './optimizer.ts'
import { createSession } from './session.ts'

/** Names of the parameters of each group, with its settings as the key. */
function groupsOf(model: string, optimizer: object = {}, modelOptions = {}) {
  const parameters = [...createModel(model, modelOptions).namedParameters()]
  const config = parseRunConfig({ model, optimizer: { weightDecay: 1e-3, ...optimizer } })
  const groups = parameterGroups(parameters, config.optimizer)
  expect(groups.flatMap(({ params }) => params)).toHaveLength(parameters.length)
  return Object.fromEntries(
    groups.map(({ params, weightDecay, lrScale }) => [
      `${weightDecay} ${lrScale}`,
      parameters.filter(([, parameter]) => params.includes(parameter)).map(([name]) => name),
    ]),
  )
}

const small = { numClasses: 10 }

describe('parameterGroups', () => {
  it.each([
    ['resnet20', /(^|\.)(conv\d|fc)\.weight$/],
    ['resnet20_nonorm', /(^|\.)(conv\d|fc)\.weight$/],
    ['resnetv2_20', /(^|\.)(conv\d?|head\.fc|downsample\.conv)\.weight$/],
    ['resnet18', /(^|\.)(conv\d|downsample\.0|fc)\.weight$/],
    ['regnety_002', /(^|\.)(conv|fc\d?)\.weight$/],
    ['nf_regnet_b0', /(^|\.)(conv\w*|final_conv|fc\d?)\.weight$/],
    ['nf_resnet20', /(^|\.)(conv\d|downsample|fc)\.weight$/],
    ['test_nfnet', /(^|\.)(conv\w*|final_conv|fc\d?)\.weight$/],
    ['skipinit_resnet20', /(^|\.)(conv\d?|fc)\.weight$/],
    ['rezero_resnet20', /(^|\.)(conv\d|fc)\.weight$/],
    ['rescale50', /(^|\.)(conv\d|downsample\.2|fc)\.weight$/],
    ['efficientnet_b0', /(^|\.)(conv\w*|classifier)\.weight$/],
  ])('lets the kernels of %s decay and nothing else', (model, kernels) => {
    const { '0.001 1': decayed, '0 1': free, ...others } = groupsOf(model, {}, small)
    expect(others).toEqual({})
    expect(decayed!.filter(name => !kernels.test(name))).toEqual([])
    expect(free!.filter(name => kernels.test(name))).toEqual([])
    expect(free).not.toHaveLength(0)
  })

  it('trains the scalars of Fixup at a tenth of the rate', () => {
    const groups = groupsOf('fixup_resnet20')
    expect(Object.keys(groups).toSorted()).toEqual(['0 0.1', '0 1', '0.001 1'])
    expect(groups['0 0.1']).toContain('layer1.0.scale')
    expect(groups['0 0.1']).toContain('layer3.2.bias1a')
    expect(groups['0 1']).toEqual(['fc.bias'])
    const all = groupsOf('fixup_resnet20', { decay: 'all' })
    expect(Object.keys(all).toSorted()).toEqual(['0.001 0.1', '0.001 1'])
  })

  it('reads decay as timm: whatever has two dimensions and is no bias, gains too', () => {
    const groups = groupsOf('test_nfnet', { decay: 'timm' }, small)
    const [decayed, free] = [groups['0.001 1']!, groups['0 1']!]
    expect(decayed.some(name => name.endsWith('.gain'))).toBe(true)
    expect(free.filter(name => !/(\.bias|skipinit_gain)$/.test(name))).toEqual([])
  })

  it('lets groups of the recipe override, the last one that matches last', () => {
    const groups = groupsOf('nf_resnet20', {
      groups: [
        { match: ['layer1', 'fc'], lrScale: 0.5 },
        { match: ['fc.bias'], weightDecay: 0.25 },
        { match: ['layer1.0'], lrScale: 0 },
      ],
    })
    expect(groups['0.25 0.5']).toEqual(['fc.bias'])
    expect(groups['0.001 0.5']).toContain('fc.weight')
    expect(groups['0.001 0']).toContain('layer1.0.conv1.weight')
    expect(groups['0.001 0.5']).toContain('layer1.1.conv1.weight')
    expect(groups['0.001 1']).toContain('layer2.0.conv1.weight')
  })

  it('refuses a name that the model does not have', () => {
    const groups = [{ match: ['fc', 'clasifier'], lrScale: 2 }]
    const wanted = () => groupsOf('nf_resnet20', { groups })
    expect(wanted).toThrow(TrainError)
    expect(wanted).toThrow(
      'Expected names of modules or parameters for `optimizer.groups[0].match` but received "clasifier", which the model does not have. Its last parameters are fc.weight and fc.bias.',
    )
  })
})

describe('createOptimizer', () => {
  const ofKind = (optimizer: object, more: object = {}) => {
    const config = tinyConfig({ optimizer, ...more })
    return createOptimizer(createModel('nf_resnet20', small), config)
  }

  it.each([
    [{}, { momentum: 0.9, nesterov: true, weightDecay: 5e-4 }],
    [
      { kind: 'sgd', momentum: 0.5, nesterov: false },
      { momentum: 0.5, nesterov: false },
    ],
    [{ kind: 'adam' }, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }],
    [
      { kind: 'adamw', betas: [0.8, 0.9] },
      { betas: [0.8, 0.9], weightDecay: 0.01 },
    ],
    [
      { kind: 'nadamw', eps: 1e-6 },
      { eps: 1e-6, caution: false },
    ],
    [{ kind: 'lamb' }, { eps: 1e-6, weightDecay: 0.01, trustClip: false }],
    [
      { kind: 'rmsprop', alpha: 0.9, momentum: 0.9, eps: 1e-3 },
      { alpha: 0.9, eps: 1e-3 },
    ],
  ])('takes its options from %j', (optimizer, options) => {
    expect(ofKind(optimizer).paramGroups[0]).toMatchObject(options)
  })

  it.each(['sgd', 'adam', 'adamw', 'nadamw', 'lamb', 'rmsprop'])(
    'learns with %s, and goes on from its state',
    kind => {
      const config = tinyConfig({ optimizer: { kind }, lookahead: { k: 2 } })
      const { optimizer, model } = createSession(config, tinyData())
      const weight = model.stateDict().get('fc.weight')!
      const before = weight.toArray()
      weight.grad = weight.detach().sign()
      optimizer.setLr(1e-2)
      optimizer.step()
      expect(weight.toArray()).not.toEqual(before)
      const other = createSession(config, tinyData()).optimizer
      other.loadStateDict(optimizer.stateDict())
      expect(other.stateDict()).toMatchObject({ step: 1 })
    },
  )

  it('gives every group its share of the rate', () => {
    const optimizer = ofKind({ groups: [{ match: ['fc'], lrScale: 0.5, weightDecay: 1 }] })
    optimizer.setLr(0.2)
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.2, 0.2, 0.1])
  })

  it('wraps the ascent of SAM around the optimizer', () => {
    expect(ofKind({}).sam).toBeNull()
    const optimizer = ofKind({}, { sam: {} })
    expect(optimizer.sam?.paramGroups).toBe(optimizer.paramGroups)
  })
})
