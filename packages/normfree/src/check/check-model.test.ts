import { manualSeed, nn, noGrad, rand, type Tensor } from '@normfree/torch'
import { afterEach, describe, expect, it } from 'vitest'
import { snapshot } from '../fixtures.test.util.ts'
import { createModel } from '../registry.ts'
import { checkModel } from './check-model.ts'
import {
  FAULTS,
  NORM_FAULTS,
  NORMED_NETS,
  OPERATOR_FAULTS,
  OPERATOR_NET,
  optionsOf,
  SMALL_NETS,
} from './planted.test.util.ts'
import { tryOut } from './try-out.test.util.ts'
import { OperatorNet } from './user-nets.test.util.ts'

afterEach(() => manualSeed(0))

const grid = SMALL_NETS.flatMap(net => FAULTS.map(fault => ({ net, fault }))).map(
  ({ net, fault }) => ({ net, fault, name: net.name, title: fault.title, rule: fault.rule }),
)

describe('checkModel', () => {
  it.each(grid)('finds in $name: $title', ({ net, fault, rule }) => {
    const verdict = tryOut(net, fault)
    if (!verdict) return
    expect(verdict.rules).toEqual([rule])
    // NaN in a weight has no setting that mends it.
    expect(verdict.afterFix ?? 'none').toEqual(rule === 'non-finite' ? 'none' : [])
  })

  it.each(OPERATOR_FAULTS)('finds in a net of nothing but operators: $title', fault => {
    expect(tryOut(OPERATOR_NET, fault)).toMatchObject({ rules: [fault.rule], afterFix: null })
  })

  it('takes betas that divide in front of the activation for what they are', () => {
    const model = new OperatorNet({ divideFirst: true })
    expect(checkModel(model, optionsOf(OPERATOR_NET))).toEqual([])
  })

  it('leaves learned scalars out of the expected variance, as the papers do', () => {
    const model = createModel('nf_resnet20')
    noGrad(() => {
      for (const [name, parameter] of model.namedParameters())
        if (name.endsWith('skipinit_gain')) parameter.fill_(0.4)
    })
    expect(checkModel(model, optionsOf(SMALL_NETS[0]))).toEqual([])
  })

  it('finds the explosion of a net whose norms were taken out, and that silent branches mend it', () => {
    const [resnet20] = NORMED_NETS
    const verdict = tryOut(resnet20, NORM_FAULTS[0])
    expect(verdict).toMatchObject({ rules: ['explosion'], afterFix: [] })
  })

  it('calls it an explosion, too, when the signal overflows', () => {
    const model = createModel('resnet110_nonorm')
    noGrad(() => {
      for (const [name, weight] of model.namedParameters())
        if (name.endsWith('conv1.weight')) weight.mul_(10)
    })
    expect(checkModel(model, { shape: [3, 16, 16] }).map(({ rule }) => rule)).toEqual(['explosion'])
  })

  it('names the block of the fault', () => {
    const blocks = FAULTS.filter(({ rule }) => /beta|dead|ill|finite/.test(rule)).map(
      fault => tryOut(SMALL_NETS[0], fault)?.blocks,
    )
    expect(blocks).toEqual(blocks.map(() => ['layer2.1']))
  })

  it('leaves weights, buffers, modes and the default random stream as they were', () => {
    const model = createModel('resnet20').eval()
    const before = snapshot(model)
    manualSeed(3)
    const next = rand([4]).toArray()
    manualSeed(3)
    checkModel(model, optionsOf(SMALL_NETS[0]))
    expect(rand([4]).toArray()).toEqual(next)
    expect(snapshot(model)).toEqual(before)
    expect(model.modules().some(module => module.training)).toBe(false)
  })

  it('says in which module a model fails', () => {
    class Shrinking extends nn.Module {
      override forward(x: Tensor): Tensor {
        return x.narrow(1, 0, 1)
      }
    }
    const model = new nn.Sequential(new nn.Conv2d(3, 8, 3), new Shrinking(), new nn.Conv2d(8, 8, 3))
    expect(() => checkModel(model, { shape: [3, 8, 8] })).toThrow(
      /takes 3 x 8 x 8 images but it fails in 2: .*conv/s,
    )
  })

  it('refuses a shape that is none', () => {
    expect(() => checkModel(new nn.Identity(), { shape: [3, 0, 8] })).toThrow(
      'Expected positive integers for `batch` and the three of `shape` but received 2 and [3, 0, 8].',
    )
  })
})
