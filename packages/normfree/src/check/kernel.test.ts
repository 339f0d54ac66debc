import { manualSeed, nn, ones, randn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { Conv2dSame } from '../layers/same-padding.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { isWeight, signalGraph } from './graph.ts'
import type { Kernel } from './kernel.ts'

function kernelOf(conv: nn.Module, channels: number, side: number): Kernel {
  const [node] = signalGraph(conv, randn([2, channels, side, side])).filter(isWeight)
  return node.step.kernel
}

describe('the numbers of a kernel', () => {
  it('are energy 1 and sums of 0 for Scaled WS', () => {
    const { energy, squaredSum } = kernelOf(new ScaledStdConv2d(8, 16, 3), 8, 9)
    expect(energy).toBeCloseTo(1, 5)
    expect(squaredSum).toBeLessThan(1e-10)
  })

  it('tell a normal kernel (about 1) from one of rank 1 (0), group by group', () => {
    manualSeed(0)
    const conv = new nn.Conv2d(32, 64, 3, { groups: 2 })
    conv.weight.detach().normal_()
    const normal = kernelOf(conv, 32, 5).spread as number
    expect(Math.abs(normal - 1)).toBeLessThan(0.1)
    conv.weight.detach().copy_(ones(conv.weight.shape))
    expect(kernelOf(conv, 32, 5).spread).toBeCloseTo(0, 5)
  })

  it('say nothing of the directions of a kernel with few', () => {
    expect(kernelOf(new nn.Conv2d(8, 8, 3, { groups: 8 }), 8, 5).spread).toBeNull()
  })

  it('count the taps that lie on zeros, of either kind of padding', () => {
    // 7 rows of 3 taps, of which the first and the last of all lie outside.
    expect(kernelOf(new nn.Conv2d(1, 1, 3, { padding: 1 }), 1, 7).inside).toBeCloseTo(
      (19 / 21) ** 2,
    )
    expect(kernelOf(new Conv2dSame(1, 1, 3), 1, 7).inside).toBeCloseTo((19 / 21) ** 2)
    expect(kernelOf(new nn.Conv2d(1, 1, 3, { padding: 'same' }), 1, 7).inside).toBeCloseTo(
      (19 / 21) ** 2,
    )
    // Dilated beyond the image, the middle tap alone is inside.
    const dilated = new nn.Conv2d(1, 1, 3, { padding: 8, dilation: 8 })
    expect(kernelOf(dilated, 1, 7).inside).toBeCloseTo(1 / 9)
    expect(kernelOf(new nn.Conv2d(1, 1, 3), 1, 7).inside).toBe(1)
  })
})
