import {
  cat,
  full,
  getRngState,
  manualSeed,
  nn,
  randn,
  setRngState,
  type Tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { hooksLeftBy } from '../fixtures.test.util.ts'
import { ResidualBlock } from '../models/residual-block.ts'
import { createModel } from '../registry.ts'
import { openBranches } from './measure.ts'
import { channelStatistics } from './statistics.ts'
import { type TapListener, type TapOptions, type TapPlace, withTaps } from './taps.ts'

beforeEach(() => manualSeed(3))

type Seen = [what: string, variance: number]

/** What a listener is told in one pass over `images`, and the places it is told of. */
function seen(model: nn.AnyModule, images: Tensor, options: TapOptions = {}) {
  const told: Seen[] = []
  const places: TapPlace[] = []
  const listener: TapListener = {
    stem: x => void told.push(['stem', channelStatistics(x).variance]),
    branch: ({ name }, y) => void told.push([`branch ${name}`, channelStatistics(y).variance]),
    output: (place, y) => {
      places.push(place)
      told.push([`output ${place.name}`, channelStatistics(y).variance])
    },
  }
  withTaps(model, listener, () => void model(images), options)
  return { told, places }
}

/** Hides from withTaps which blocks are ours. */
function structurally<T>(work: () => T): T {
  Object.defineProperty(ResidualBlock, Symbol.hasInstance, {
    value: () => false,
    configurable: true,
  })
  try {
    return work()
  } finally {
    Reflect.deleteProperty(ResidualBlock, Symbol.hasInstance)
  }
}

describe('withTaps on models of classes that it does not know', () => {
  it.each([
    ['nf_resnet20', 32],
    ['resnet20', 32],
    ['resnet20_nonorm', 32],
    ['fixup_resnet20', 32],
    ['fixup26', 64],
    ['resnetv2_20', 32],
    ['nf_resnet26', 64],
    ['resnet26', 64],
    ['skipinit_resnet20', 32],
    ['rezero_resnet20', 32],
    ['resnetv2_26', 64],
    ['test_nfnet', 64],
    ['nf_regnet_b0', 64],
    ['efficientnet_b0', 64],
    ['regnety_004', 64],
    ['rescale50', 64],
  ])('finds in %s what its own blocks say', (name, side) => {
    const model = createModel(name).train()
    openBranches(model)
    const images = randn([2, 3, side, side])
    const own = seen(model, images)
    const found = structurally(() => seen(model, images))
    expect(found.told.map(([what]) => what)).toEqual(own.told.map(([what]) => what))
    for (const [i, [, variance]] of found.told.entries())
      expect(variance).toBeCloseTo(own.told[i][1], 4)
    const place = ({ predictedVariance, ...rest }: TapPlace) => rest
    expect(found.places.map(place)).toEqual(own.places.map(place))
  })

  it('finds where a branch was before stochastic depth', () => {
    const model = createModel('nf_resnet20', { dropPathRate: 0.5 }).train()
    openBranches(model)
    const images = randn([4, 3, 32, 32])
    const random = getRngState()
    const own = seen(model, images)
    setRngState(random)
    const found = structurally(() => seen(model, images))
    for (const [i, [what, variance]] of found.told.entries()) {
      expect(what).toBe(own.told[i][0])
      expect(variance).toBeCloseTo(own.told[i][1], 5)
    }
  })
})

const names = (places: readonly TapPlace[]) => places.map(({ name }) => name)
const conv = (input: number, out = input, stride = 1) =>
  new nn.Conv2d(input, out, 3, { padding: 1, stride })

/** A scale in a module of its own, whose input is gone when the sum is made. */
class ScaledBranch extends nn.Module {
  readonly conv = conv(8)
  readonly scale = new nn.Parameter(full([1], 0.25))

  override forward(x: Tensor): Tensor {
    return this.conv(x.relu()).mul(this.scale)
  }
}

class UserBlock extends nn.Module {
  readonly f = new ScaledBranch()

  override forward(x: Tensor): Tensor {
    return x.add(this.f(x)).relu_()
  }
}

/** Several sums in its own forward, one behind the other, of all the forms that a sum has. */
class Plain extends nn.Module {
  readonly stem = conv(3, 8)
  readonly a = conv(8)
  readonly b = conv(8)
  readonly down = conv(8, 16, 2)
  readonly short = new nn.Conv2d(8, 16, 1, { stride: 2 })
  readonly c = conv(16)

  override forward(x: Tensor): Tensor {
    let y = this.stem(x)
    y = y.add(this.a(y), { alpha: 0.5 })
    y.add_(this.b(y.relu()))
    const u = y.relu()
    y = this.c(this.down(u)).mul(0.5).add(this.short(u))
    const padded = cat([y.mul(0), y], 1).slice(1, 16, 32)
    return padded.add(this.c(padded.relu()))
  }
}

describe('withTaps on models of users', () => {
  it('finds a block whose branch is scaled where it cannot be seen from the sum', () => {
    const model = new nn.Sequential(conv(3, 8), new UserBlock(), new UserBlock(), new nn.ReLU())
    const images = randn([4, 3, 8, 8])
    const { told, places } = seen(model, images)
    expect(names(places)).toEqual(['1', '2'])
    const stem = (model.at(0) as nn.Conv2d)(images)
    const block = model.at(1) as UserBlock
    const variances = new Map(told)
    const near = (what: string, x: Tensor) =>
      expect(variances.get(what)).toBeCloseTo(channelStatistics(x).variance, 5)
    near('stem', stem)
    near('branch 1', block.f.conv(stem.relu()))
    near('output 1', block(stem))
  })

  it('taps the sums themselves where one forward has several', () => {
    const { told, places } = seen(new Plain(), randn([4, 3, 8, 8]))
    expect(names(places)).toEqual(['Plain#1', 'Plain#2', 'Plain#3', 'Plain#4'])
    expect(places.map(({ stage, block, stageEnd }) => [stage, block, stageEnd])).toEqual([
      [0, 0, false],
      [0, 1, true],
      [1, 0, false],
      [1, 1, true],
    ])
    expect(told.filter(([what]) => what.startsWith('branch'))).toHaveLength(4)
  })

  it('takes a model without residual sums layer by layer, and calls nothing a branch', () => {
    const model = new nn.Sequential(
      conv(3, 8),
      new nn.ReLU(),
      conv(8, 4),
      new nn.Flatten(),
      new nn.Linear(256, 5),
    )
    const { told, places } = seen(model, randn([4, 3, 8, 8]))
    expect(told.map(([what]) => what)).toEqual(['stem', 'output 0', 'output 2', 'output 4'])
    expect(places.map(({ stage }) => stage)).toEqual([0, 1, 2])
  })

  it('takes gates, parallel branches of one depth and concatenations for no residual sums', () => {
    class Inception extends nn.Module {
      readonly a = conv(3, 4)
      readonly b = conv(3, 4)
      override forward(x: Tensor): Tensor {
        const sum = this.a(x).add(this.b(x))
        return cat([sum, sum.mul(this.a(x).sigmoid())], 1)
      }
    }
    expect(names(seen(new Inception(), randn([2, 3, 4, 4])).places)).toEqual(['a#1', 'b', 'a#2'])
  })

  it('numbers the calls of a block that is used twice', () => {
    class Recurrent extends nn.Module {
      readonly stem = conv(3, 8)
      readonly block = new UserBlock()
      override forward(x: Tensor): Tensor {
        return this.block(this.block(this.stem(x)))
      }
    }
    expect(names(seen(new Recurrent(), randn([2, 3, 4, 4])).places)).toEqual(['block#1', 'block#2'])
  })

  it('takes the modules of a pattern as blocks', () => {
    const model = new nn.Sequential(
      new nn.Sequential(conv(3, 8), new UserBlock()),
      new nn.Sequential(conv(8, 8), new UserBlock()),
    )
    const images = randn([2, 3, 4, 4])
    expect(names(seen(model, images, { blocks: '*' }).places)).toEqual(['0', '1'])
    expect(names(seen(model, images, { blocks: '*.1' }).places)).toEqual(['0.1', '1.1'])
    const first = seen(model, images, { blocks: '*.0' })
    expect(first.told[1][1]).toBe(first.told[2][1]) // all branch
    expect(() => seen(model, images, { blocks: 'stages.*' })).toThrow('"stages.*"')
  })

  it('leaves no hooks, and buffers as the pass alone leaves them', () => {
    const model = new nn.Sequential(conv(3, 8), new nn.BatchNorm2d(8), new UserBlock())
    const pass = () => void seen(model, randn([4, 3, 8, 8]))
    expect(hooksLeftBy(pass).left).toBe(0)
    expect((model.at(1) as nn.BatchNorm2d).numBatchesTracked?.item()).toBe(1)
  })

  it('looks ahead on two samples where the model takes them, and on all where it does not', () => {
    const batches: number[] = []
    class Counting extends nn.Module {
      readonly block = new UserBlock()
      readonly stem = conv(3, 8)
      override forward(x: Tensor): Tensor {
        batches.push(x.shape[0])
        return this.block(this.stem(x.view([6, 3, 4, 4])))
      }
    }
    expect(names(seen(new Counting(), randn([6, 3, 4, 4])).places)).toEqual(['block'])
    expect(batches).toEqual([2, 6, 6])
  })

  it('refuses what has no weight layers, and a pass that goes another way', () => {
    expect(() => seen(new nn.ReLU(), randn([2, 3, 4, 4]))).toThrow('ReLU has none')
    let calls = 0
    class Fickle extends nn.Module {
      readonly a = new UserBlock()
      readonly stem = conv(3, 8)
      override forward(x: Tensor): Tensor {
        const y = this.stem(x)
        return calls++ % 2 === 0 ? this.a(y) : this.a(y.relu().relu())
      }
    }
    expect(() => seen(new Fickle(), randn([2, 3, 4, 4]))).toThrow('the same course')
  })

  it('tells of the operands of each sum', () => {
    const model = new Plain()
    const ratios: number[] = []
    const listener: TapListener = {
      stem: () => {},
      branch: () => {},
      output: () => {},
      sum: (place, { sum, shortcut, branch, branchWeight, shortcutWeight }) => {
        if (place.index === 2) return // in place: the shortcut has become the sum
        const rebuilt = shortcut.mul(shortcutWeight).add(branch.mul(branchWeight))
        ratios.push(rebuilt.sub(sum).abs().max().item())
      },
    }
    withTaps(model, listener, () => void model(randn([2, 3, 8, 8])))
    expect(ratios).toHaveLength(3)
    expect(Math.max(...ratios)).toBeLessThan(1e-5)
  })
})
