import { nn, type Tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { hooksLeftBy } from './fixtures.test.util.ts'
import { moduleTree } from './module-tree.ts'
import { createModel } from './registry.ts'

class Net extends nn.Module {
  readonly stem = new nn.Sequential(new nn.Conv2d(3, 4, 3, { stride: 2, padding: 1 }))
  readonly unused = new nn.Linear(2, 2)

  override forward(x: Tensor): Tensor {
    return this.stem(x).mean([2, 3])
  }
}

describe('moduleTree', () => {
  it('has every module with its output for one image; null where it is not called', () => {
    const tree = moduleTree(new Net(), 9)
    const shown = tree.map(({ name, depth, kind, output }) => [name, depth, kind, output])
    expect(shown).toEqual([
      ['', 0, 'Net', [4]],
      ['stem', 1, 'Sequential', [4, 5, 5]],
      ['stem.0', 2, 'Conv2d', [4, 5, 5]],
      ['unused', 1, 'Linear', null],
    ])
    expect(tree.map(({ parameters }) => parameters)).toEqual([118, 112, 112, 6])
    expect(tree[2].details).toBe('3, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)')
  })

  it('has the beta of each scaled activation and the variance that each block predicts', () => {
    const tree = moduleTree(createModel('nf_resnet20'), 32)
    const betas = tree.filter(({ name }) => /^layer1\.\d\.act1$/.test(name)).map(({ beta }) => beta)
    expect(betas).toEqual([1, Math.sqrt(1.04), Math.sqrt(1.04 + 0.2 ** 2)])
    const variances = tree.filter(({ predictedVariance }) => predictedVariance !== null)
    expect(variances.map(({ name }) => name)).toHaveLength(9)
    expect(variances[3]).toMatchObject({ name: 'layer2.0', predictedVariance: 1.04 })
  })

  it('takes a model in channels_last, as training has it', () => {
    const model = new Net().to({ memoryFormat: 'channels_last' })
    expect(moduleTree(model, 9)).toEqual(moduleTree(new Net(), 9))
  })

  it('removes its hooks, also when the pass throws', () => {
    expect(hooksLeftBy(() => moduleTree(new Net(), 9))).toEqual({ registered: 4, left: 0 })
    expect(hooksLeftBy(() => moduleTree(new Net(), 9, 5))).toEqual({ registered: 4, left: 0 })
  })
})
