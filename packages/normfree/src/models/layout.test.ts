import { ArgumentError, manualSeed, nn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { cifarDepth, dropPathRates, initKernels, type KernelInit, layOut } from './layout.ts'

beforeEach(() => manualSeed(13))

const net = { layers: [2, 1, 2], channels: [4, 8, 16], stem: { channels: 3, stride: 8 } }

describe('layOut', () => {
  it('chains channels, strides where stages start, and counts blocks through', () => {
    const blocks = layOut(net).flat()
    expect(
      blocks.map(({ inChannels, outChannels, stride }) => [inChannels, outChannels, stride]),
    ).toEqual([
      [3, 4, 1],
      [4, 4, 1],
      [4, 8, 2],
      [8, 16, 2],
      [16, 16, 1],
    ])
    expect(blocks.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(blocks.map(({ stageEnd }) => stageEnd)).toEqual([false, true, true, false, true])
  })

  it('dilates in place of striding beyond outputStride, the first block by what came before', () => {
    const grid = (outputStride: number) =>
      layOut({ ...net, outputStride })
        .flat()
        .slice(2)
        .map(({ stride, firstDilation, dilation }) => [stride, firstDilation, dilation])
    expect(grid(32)).toEqual([
      [2, 1, 1],
      [2, 1, 1],
      [1, 1, 1],
    ])
    expect(grid(16)).toEqual([
      [2, 1, 1],
      [1, 1, 2],
      [1, 2, 2],
    ])
    expect(grid(8)).toEqual([
      [1, 1, 2],
      [1, 2, 4],
      [1, 4, 4],
    ])
  })

  it('takes the strides of the stages where they are given', () => {
    const strides = layOut({ ...net, strides: [2, 1, 2], stem: { channels: 3, stride: 1 } })
    expect(strides.map(stage => stage[0].stride)).toEqual([2, 1, 2])
  })

  it('refuses an outputStride that is not 8, 16 or 32', () => {
    expect(() => layOut({ ...net, outputStride: 4 })).toThrow(ArgumentError)
    expect(() => layOut({ ...net, outputStride: 4 })).toThrow('`outputStride` but received 4')
  })
})

describe('cifarDepth', () => {
  it('has n basic blocks a stage for 6n + 2 layers', () => {
    expect(cifarDepth(1202)).toEqual({ block: 'basic', layers: [200, 200, 200] })
  })

  it.each([21, 2, 8.5, -4])('refuses depth %d', depth => {
    expect(() => cifarDepth(depth)).toThrow('`depth`')
  })
})

describe('dropPathRates', () => {
  it('rises in equal steps from 0 to the rate, and is 0 for a single block', () => {
    expect(dropPathRates(0.5, 3)).toEqual([0, 0.25, 0.5])
    expect(dropPathRates(0.5, 1)).toEqual([0])
  })
})

describe('initKernels', () => {
  it.each([
    [{ mode: 'fan_in', gain: 2 }, 4 / 36],
    [{ mode: 'fan_out', gain: 1 }, 1 / 576],
    // The variance of a standard normal cut at 2 is 0.7737.
    [{ mode: 'fan_in', gain: 1, truncated: true }, 0.7737 / 36],
  ] as [KernelInit, number][])('with %j draws kernels of variance %d', (init, variance) => {
    const conv = new nn.Conv2d(4, 64, 3)
    initKernels(conv, init)
    expect(conv.weight.square().mean().item() / variance).toBeCloseTo(1, 1)
    expect(new Set(numbers(conv.bias!))).toEqual(new Set([0]))
  })

  it('cuts at two standard deviations', () => {
    const conv = new nn.Conv2d(4, 64, 3)
    initKernels(conv, { mode: 'fan_in', gain: 6, truncated: true })
    const largest = Math.max(...numbers(conv.weight).map(Math.abs))
    expect(largest).toBeLessThanOrEqual(2)
    expect(largest).toBeGreaterThan(1.8)
  })
})
