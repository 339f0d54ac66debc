import { randn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { createModel } from '../registry.ts'
import { residualBlocks } from '../signal/taps.ts'
import { type Block, residualBlocksOf } from './blocks.ts'
import { signalGraph } from './graph.ts'
import { OperatorNet } from './user-nets.test.util.ts'

function blocksOf(name: string, side: number): { blocks: Block[]; names: string[] } {
  const model = createModel(name)
  const names = residualBlocks(model).map(([each]) => each)
  return { blocks: residualBlocksOf(signalGraph(model, randn([2, 3, side, side])), name), names }
}

describe('residual blocks of a graph', () => {
  it.each([
    ['resnet20', 32],
    ['resnetv2_20', 32],
    ['nf_resnet20', 32],
    ['fixup_resnet20', 32],
    ['test_nfnet', 64],
    ['dm_nf_regnet_b0', 64],
    ['regnety_002', 64],
  ])('are those that the model is built of: %s', (name, side) => {
    const { blocks, names } = blocksOf(name, side)
    expect(blocks.map(block => block.name)).toEqual(names)
  })

  it('know what multiplies branch and shortcut, and which branches are silent', () => {
    const [nf] = blocksOf('nf_resnet20', 32).blocks
    expect(nf).toMatchObject({ weight: 0, shortcutWeight: 1, silent: true, normed: false })
    const { blocks } = blocksOf('rescale50', 32)
    expect(blocks[0].shortcutWeight).toBeCloseTo(Math.sqrt(15 / 16), 5)
    expect(blocks[0].weight).toBeCloseTo(1 / 4, 5)
    expect(blocks.some(({ silent }) => silent)).toBe(false)
  })

  it('are numbered where one forward has several, and a gate keeps its factor', () => {
    const nodes = signalGraph(new OperatorNet(), randn([2, 3, 16, 16]))
    const blocks = residualBlocksOf(nodes, 'OperatorNet')
    expect(blocks.map(({ name }) => name).slice(0, 2)).toEqual(['OperatorNet#1', 'OperatorNet#2'])
    expect(blocks.map(({ weight }) => weight)).toEqual(Array(6).fill(0.5))
    expect(blocks.map(({ shortcut }) => shortcut.length)).toEqual([0, 0, 0, 1, 0, 0])
  })
})
