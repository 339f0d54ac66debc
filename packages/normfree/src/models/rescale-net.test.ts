import { ArgumentError, manualSeed, noGrad, randn } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { numbers } from '../fixtures.test.util.ts'
import { measureSignal } from '../signal/measure.ts'
import { RescaleNet, type RescaleNetOptions, rescaleWeights } from './rescale-net.ts'

beforeEach(() => manualSeed(18))

const small = (options: Partial<RescaleNetOptions> = {}) =>
  new RescaleNet({ layers: [2, 1, 1, 1], ...options })

/** The share of the first input, or of each block, in the end of a net of these weights. */
function shares(blocks: number, c?: number): { input: number; branches: number[] } {
  const weights = rescaleWeights(blocks, c)
  const kept = (from: number) =>
    weights.slice(from).reduce((product, { identity }) => product * identity, 1)
  return { input: kept(0), branches: weights.map(({ residual }, i) => residual * kept(i + 1)) }
}

describe('rescaleWeights', () => {
  it.each([0, 1, 8, 15, 32])('has squares that sum to 1 in every block with c = %d', c => {
    for (const { identity, residual } of rescaleWeights(16, c))
      expect(identity ** 2 + residual ** 2).toBeCloseTo(1, 12)
  })

  it.each([
    [16, 0.695608],
    [33, 0.701646],
    [66, 0.704403],
  ])('gives each of %d blocks an equal share of the end, and the input %d', (blocks, input) => {
    const share = shares(blocks)
    expect(share.input).toBeCloseTo(input, 6)
    for (const branch of share.branches) expect(branch).toBeCloseTo(1 / Math.sqrt(2 * blocks - 1))
  })

  it('drops the input of the first block with c = 0', () => {
    expect(rescaleWeights(4, 0)[0]).toEqual({ identity: 0, residual: 1 })
    expect(shares(4, 0).branches.map(share => share.toFixed(6))).toEqual(Array(4).fill('0.500000'))
  })

  it.each([-1, Number.NaN])('refuses c = %d', c => {
    expect(() => rescaleWeights(4, c)).toThrow(ArgumentError)
    expect(() => small({ c })).toThrow('`c`')
  })
})

describe('RescaleNet', () => {
  const layers = [3, 4, 6, 3]

  it('draws kernels at He’s deviation, less with depth, unless told otherwise', () => {
    const deviation = (options: Partial<RescaleNetOptions>) => {
      const weight = new RescaleNet({ layers, ...options }).getParameter('layer4.2.conv1.weight')
      return Math.sqrt(weight.square().mean().item() * (2048 / 2))
    }
    // (31 / 16)^(-1/6), the last of 16 blocks.
    expect(deviation({})).toBeCloseTo(0.895625, 2)
    expect(deviation({ depthInit: false })).toBeCloseTo(1, 2)
    expect(deviation({ dropConv: 0.5 })).toBeCloseTo(0.895625 * Math.SQRT1_2, 2)
    expect(deviation({ c: 0 })).toBeCloseTo(1, 2)
  })

  it('keeps the second moment inside a stage, but for a slow decay', () => {
    const taps = measureSignal(new RescaleNet({ layers }), randn([4, 3, 128, 128]))
    const moments = taps.slice(1, 4).map(tap => tap.channelVariance + tap.channelSquaredMean)
    expect(moments[0]).toBeCloseTo(0.359, 1)
    for (const i of [1, 2]) {
      expect(moments[i] / moments[i - 1]).toBeGreaterThan(0.9)
      expect(moments[i] / moments[i - 1]).toBeLessThan(1.02)
    }
  })

  it('starts without a dead channel, whose biases see to it', () => {
    const model = small()
    const features = noGrad(() => model.forwardFeatures(randn([4, 3, 64, 64])))
    expect(Math.min(...numbers(features.amax([0, 2, 3])))).toBeGreaterThan(0)
  })

  it('is another net in its second pass, as its biases average, until they stand', () => {
    const model = small({ biasBatches: 2 }).eval()
    const [x, y] = [randn([2, 3, 64, 64]), randn([2, 3, 64, 64])]
    const logits = [x, y, x, x].map(images => numbers(noGrad(() => model(images))))
    expect(logits[2]).not.toEqual(logits[0])
    expect(logits[3]).toEqual(logits[2])
  })

  it('takes images whose sides no power of two divides', () => {
    expect(noGrad(() => small()(randn([1, 3, 75, 41]))).shape).toEqual([1, 1000])
  })

  it('learns a scale for each block, for each channel, or for the shortcut too', () => {
    const shape = (options: Partial<RescaleNetOptions>, name: string) =>
      small(options).stateDict().get(`layer2.0.${name}`)?.shape
    expect(shape({}, '_scale')).toEqual([1])
    expect(shape({ multiplier: 'vector' }, '_scale')).toEqual([1, 512, 1, 1])
    expect(shape({}, '_identity_scale')).toBe(undefined)
    expect(shape({ identityScale: true }, '_identity_scale')).toEqual([1])
  })

  it('computes the same with scales of vectors and shortcuts, which start at 1', () => {
    const x = randn([1, 3, 64, 64])
    const outputs = [{}, { multiplier: 'vector' }, { identityScale: true }].map(options => {
      manualSeed(19)
      return numbers(noGrad(() => small(options as Partial<RescaleNetOptions>)(x)))
    })
    expect(outputs[1]).toEqual(outputs[0])
    expect(outputs[2]).toEqual(outputs[0])
  })
})
