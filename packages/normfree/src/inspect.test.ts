import { nn, type Tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { hooksLeftBy, snapshot } from './fixtures.test.util.ts'
import { countMacs, countParameters } from './inspect.ts'
import { createModel } from './registry.ts'

class Grouped extends nn.Module {
  readonly conv = new nn.Conv2d(3, 6, 3, { stride: 2, padding: 1, groups: 3 })
  readonly fc = new nn.Linear(6, 5)

  override forward(x: Tensor): Tensor {
    return this.fc(this.conv(x).mean([2, 3]))
  }
}

describe('countMacs', () => {
  it('counts convolutions by their groups and positions, and linear layers', () => {
    // 6 x 1 x 3 x 3 weights at 4 x 4 positions, and 6 x 5.
    expect(countMacs(new Grouped(), 8)).toBe(54 * 16 + 30)
  })

  it('counts a model in channels_last, as training has it', () => {
    const model = createModel('resnet20').to({ memoryFormat: 'channels_last' })
    expect(countMacs(model, 32)).toBe(40_551_040)
  })

  it('removes its hooks, also when the pass throws', () => {
    const model = new Grouped()
    expect(hooksLeftBy(() => countMacs(model, 8))).toEqual({ registered: 2, left: 0 })
    expect(hooksLeftBy(() => countMacs(model, -1))).toEqual({ registered: 2, left: 0 })
  })

  it('leaves modes and running statistics as they were', () => {
    const model = createModel('resnet20')
    const modes = () => Array.from(model.namedModules(), ([name, m]) => [name, m.training])
    const [frozen] = [...model.namedModules()].filter(([name]) => name === 'layer2')
    frozen[1].eval()
    const before = { modes: modes(), state: snapshot(model) }
    countMacs(model, 32)
    expect({ modes: modes(), state: snapshot(model) }).toEqual(before)
    expect(countMacs(model, 32)).toBe(40_551_040)
  })
})

describe('countParameters', () => {
  it('counts trained values, not buffers', () => {
    expect(countParameters(new Grouped())).toBe(54 + 6 + 30 + 5)
    expect(countParameters(new nn.BatchNorm2d(8))).toBe(16)
  })
})
