import { manualSeed, nn, randn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'
import { momentsOf } from '../gain.ts'
import { isActivationNode, signalGraph } from './graph.ts'

const SINGLE = Object.keys(ACTIVATIONS).filter(
  (name): name is ActivationName => !['identity', 'glu', 'log_softmax', 'soft_sign'].includes(name),
)

describe('moments of an operator', () => {
  it.each(SINGLE)('are those of the function for %s', name => {
    manualSeed(0)
    const model = new nn.Sequential(ACTIVATIONS[name].module())
    const [node] = signalGraph(model, randn([2, 3, 4, 4])).filter(isActivationNode)
    const exact = momentsOf(name)
    expect(node.step.moments.mean).toBeCloseTo(exact?.mean ?? Number.NaN, 4)
    expect(node.step.moments.gain).toBeCloseTo(exact?.gain ?? Number.NaN, 3)
  })
})
