import { liveTensors, manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { snapshot } from '../fixtures.test.util.ts'
import { createModel } from '../registry.ts'
import { blockContributions } from './contributions.ts'
import { openBranches } from './measure.ts'

beforeEach(() => manualSeed(4))

class Block extends nn.Module {
  readonly conv = new nn.Conv2d(4, 4, 1)
  readonly inPlace: boolean

  constructor(inPlace: boolean) {
    super()
    this.inPlace = inPlace
  }

  override forward(x: Tensor): Tensor {
    return this.inPlace
      ? x.mul(1).add_(this.conv(x), { alpha: 2 })
      : x.add(this.conv(x), { alpha: 2 })
  }
}

describe('blockContributions', () => {
  it.each([false, true])('is the change when a block is its shortcut (in place: %s)', inPlace => {
    const [stem, a, b] = [new nn.Conv2d(3, 4, 1), new Block(inPlace), new Block(inPlace)]
    const x = randn([4, 3, 5, 5])
    const found = blockContributions(new nn.Sequential(stem, a, b), x)
    const change = (y: Tensor, whole: Tensor) => y.sub(whole).norm().div(whole.norm()).item()
    noGrad(() => {
      const whole = b(a(stem(x)))
      expect(found.map(({ index, name }) => [index, name])).toEqual([
        [1, '1'],
        [2, '2'],
      ])
      expect(found[0].change).toBeCloseTo(change(b(stem(x)), whole), 4)
      expect(found[1].change).toBeCloseTo(change(a(stem(x)), whole), 4)
    })
  })

  it('is nothing for branches that are silent, and something for open ones', () => {
    const model = createModel('nf_resnet20')
    const before = snapshot(model)
    const images = randn([2, 3, 16, 16])
    const changes = () => blockContributions(model, images).map(({ change }) => change)
    expect(changes()).toEqual(Array.from({ length: 9 }, () => 0))
    expect(snapshot(model)).toEqual(before)
    const tensors = liveTensors().tensors
    changes()
    expect(liveTensors().tensors).toBe(tensors)
    openBranches(model)
    for (const change of changes()) expect(change).toBeGreaterThan(0.02)
  })
})
