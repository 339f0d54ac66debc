import { ArgumentError, full, manualSeed, noGrad, ones, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled, largestDifference, numbers } from '../fixtures.test.util.ts'
import {
  ScaledStdConv2d,
  type ScaledStdConv2dOptions,
  type StandardizationConvention,
  standardizeWeights_,
} from './scaled-std-conv.ts'

const CONVENTIONS = ['deepmind', 'timm'] as const

beforeEach(() => manualSeed(1))

const copy = (parameter: Tensor, values: Tensor): void =>
  noGrad(() => void parameter.copy_(values.detach()))

/** The kernel's rows, one for each output unit. */
function rows(kernel: Tensor): number[][] {
  const values = numbers(kernel)
  const n = values.length / kernel.shape[0]
  return Array.from({ length: kernel.shape[0] }, (_, o) => values.slice(o * n, (o + 1) * n))
}

const sum = (row: readonly number[]): number => row.reduce((total, value) => total + value, 0)
const sumOfSquares = (row: readonly number[]): number => sum(row.map(value => value * value))
const meanEnergy = (conv: ScaledStdConv2d): number =>
  noGrad(() => conv.standardizedWeight().square().sum([1, 2, 3]).mean().item())

/** NF-ResNets, equations 2 and 3, written out for one unit in float64. */
function standardizedRow(
  row: readonly number[],
  gain: number,
  { convention, eps, gamma }: ScaledStdConv2d,
): number[] {
  const n = row.length
  const mean = sum(row) / n
  const variance = sumOfSquares(row) / n - mean ** 2
  const scale =
    convention === 'deepmind'
      ? gain / Math.sqrt(Math.max(variance * n, eps))
      : (gain * gamma) / Math.sqrt(variance + eps) / Math.sqrt(n)
  return row.map(value => (value - mean) * scale)
}

describe('ScaledStdConv2d', () => {
  it.each([
    [{ convention: 'deepmind' }],
    [{ convention: 'deepmind', eps: 0.5 }],
    [{ convention: 'timm', gamma: 1.7 }],
    [{ convention: 'timm', eps: 0.01 }],
    [{ convention: 'deepmind', groups: 2, gainInit: 0.5 }],
    [{ convention: 'timm', groups: 4 }],
  ] as [ScaledStdConv2dOptions][])('standardizes each unit over its own fan-in: %j', options => {
    const conv = new ScaledStdConv2d(8, 12, 3, options)
    copy(conv.weight, randn(conv.weight.shape).mul(0.4).add(0.2))
    copy(conv.gain, randn(conv.gain.shape))
    const gains = numbers(conv.gain)
    const expected = rows(conv.weight).flatMap((row, o) => standardizedRow(row, gains[o], conv))
    expect(largestDifference(numbers(conv.standardizedWeight()), expected)).toBeLessThan(1e-5)
  })

  it('has units of mean 0 and sum of squares 1 in the deepmind convention', () => {
    for (const row of rows(new ScaledStdConv2d(16, 32, 3).standardizedWeight())) {
      expect(sum(row)).toBeCloseTo(0, 5)
      expect(sumOfSquares(row)).toBeCloseTo(1, 5)
    }
  })

  // Mean sums of squares at initialisation, measured with PyTorch 1.13 (timm's ScaledStdConv2d).
  it.each([
    [64, 3, 7, 1, 0.9985, 0.99985],
    [64, 256, 1, 1, 0.99743, 0.99974],
    [512, 512, 3, 1, 0.95594, 0.99541],
    [40, 8, 3, 1, 0.99922, 0.99992],
    [32, 32, 3, 32, 0.99987, 0.99999],
  ])(
    'loses to timm’s eps what it loses in timm: (%d, %d, %d) in %d groups',
    (out, input, kernel, groups, atDefault, atSmaller) => {
      const energyOf = (convention: StandardizationConvention, eps?: number) =>
        meanEnergy(new ScaledStdConv2d(input, out, kernel, { groups, convention, eps }))
      expect(Math.abs(energyOf('timm') - atDefault)).toBeLessThan(2e-4)
      expect(Math.abs(energyOf('timm', 1e-6) - atSmaller)).toBeLessThan(5e-5)
      expect(energyOf('deepmind')).toBeCloseTo(1, 5)
    },
  )

  it('does not change when its weight is scaled and shifted', () => {
    const conv = new ScaledStdConv2d(6, 4, 3)
    const before = numbers(conv.standardizedWeight())
    copy(conv.weight, conv.weight.mul(3.5).add(0.7))
    expect(largestDifference(numbers(conv.standardizedWeight()), before)).toBeLessThan(1e-5)
  })

  it.each(CONVENTIONS)(
    'maps a constant image to its bias, away from the padding (%s)',
    convention => {
      const conv = new ScaledStdConv2d(3, 4, 3, { convention, padding: 1 })
      copy(
        conv.bias!,
        filled([4], o => o - 1.5),
      )
      const y = conv(full([1, 3, 5, 5], 2))
      const inside = y.slice(2, 1, 4).slice(3, 1, 4)
      const expected = Array.from({ length: 36 }, (_, i) => Math.floor(i / 9) - 1.5)
      expect(largestDifference(numbers(inside), expected)).toBeLessThan(1e-5)
      expect(
        largestDifference(numbers(y.slice(2, 0, 1).slice(3, 1, 4)), expected.slice(0, 12)),
      ).toBeGreaterThan(0.01)
    },
  )

  it('has a weight gradient orthogonal to the weight and to constants', () => {
    const conv = new ScaledStdConv2d(5, 7, 3, { padding: 1 })
    conv(randn([2, 5, 6, 6]))
      .square()
      .mul(randn([2, 7, 6, 6]))
      .sum()
      .backward()
    const weights = rows(conv.weight)
    rows(conv.weight.grad!).forEach((gradient, o) => {
      const norm = Math.sqrt(sumOfSquares(gradient))
      expect(norm).toBeGreaterThan(0.1)
      expect(Math.abs(sum(gradient)) / norm).toBeLessThan(1e-4)
      expect(Math.abs(sum(gradient.map((g, i) => g * weights[o][i]))) / norm).toBeLessThan(1e-4)
    })
  })

  it.each([
    [{ convention: 'deepmind' }],
    [{ convention: 'deepmind', eps: 100 }],
    [{ convention: 'timm', gamma: 1.7, groups: 2 }],
  ] as [ScaledStdConv2dOptions][])('has the gradient of finite differences: %j', options => {
    const conv = new ScaledStdConv2d(4, 2, 2, options).to({ dtype: 'float64' })
    const x = randn([2, 4, 3, 3], { dtype: 'float64' })
    const direction = randn([2, 2, 2, 2], { dtype: 'float64' })
    const loss = () => conv(x).mul(direction).sum()
    loss().backward()
    for (const parameter of [conv.weight, conv.gain, conv.bias!]) {
      const slopes = numbers(parameter).map((_, i) => slope(parameter, i, () => loss().item()))
      expect(largestDifference(numbers(parameter.grad!), slopes)).toBeLessThan(1e-6)
    }
  })

  it.each(CONVENTIONS)('gives 0, not NaN, where a unit has a single weight (%s)', convention => {
    const conv = new ScaledStdConv2d(4, 4, 1, { convention, groups: 4 })
    expect(numbers(conv(ones([1, 4, 2, 2])))).toEqual(Array(16).fill(0))
  })

  it('starts with gain `gainInit`, bias 0 and a weight of variance 1 / fan-in', () => {
    const conv = new ScaledStdConv2d(64, 64, 3, { gainInit: 0.25 })
    expect(conv.gain.shape).toEqual([64, 1, 1, 1])
    expect(new Set(numbers(conv.gain))).toEqual(new Set([0.25]))
    expect(new Set(numbers(conv.bias!))).toEqual(new Set([0]))
    const weights = numbers(conv.weight)
    expect((sumOfSquares(weights) / weights.length) * 576).toBeCloseTo(1, 1)
  })

  it('convolves with stride and without bias as Conv2d does', () => {
    const conv = new ScaledStdConv2d(3, 8, 3, { stride: 2, padding: 1, bias: false })
    expect([...conv.stateDict().keys()]).toEqual(['weight', 'gain'])
    expect(conv(randn([2, 3, 9, 9])).shape).toEqual([2, 8, 5, 5])
  })

  it('refuses gamma in the deepmind convention, where the activation carries it', () => {
    const build = () => new ScaledStdConv2d(3, 8, 3, { gamma: 1.7 })
    expect(build).toThrow(ArgumentError)
    expect(build).toThrow('ScaledActivation')
  })
})

describe('standardizeWeights_', () => {
  const decoupled = (options: ScaledStdConv2dOptions = {}) =>
    new ScaledStdConv2d(5, 7, 3, { ...options, decoupled: true })
  const disturb = (conv: ScaledStdConv2d) =>
    copy(conv.weight, randn(conv.weight.shape).mul(0.4).add(0.2))

  it.each([[{ convention: 'deepmind', gainInit: 0.5 }], [{ convention: 'timm', gamma: 1.7 }]] as [
    ScaledStdConv2dOptions,
  ][])(
    'makes of a kernel what the forward convolution makes of it, gain and gamma apart: %j',
    options => {
      const [conv, forward] = [decoupled(options), new ScaledStdConv2d(5, 7, 3, options)]
      disturb(conv)
      copy(forward.weight, conv.weight)
      const x = randn([2, 5, 6, 6])
      const expected = numbers(forward(x))
      expect(largestDifference(numbers(conv(x)), expected)).toBeGreaterThan(0.1)
      standardizeWeights_(conv)
      expect(largestDifference(numbers(conv(x)), expected)).toBeLessThan(1e-4)
    },
  )

  it('goes a share of the way with a strength below 1', () => {
    const conv = decoupled()
    disturb(conv)
    const start = numbers(conv.weight)
    const forward = new ScaledStdConv2d(5, 7, 3)
    copy(forward.weight, conv.weight)
    const end = numbers(forward.standardizedWeight())
    standardizeWeights_(conv, 0.25)
    const expected = start.map((value, i) => value + 0.25 * (end[i] - value))
    expect(largestDifference(numbers(conv.weight), expected)).toBeLessThan(1e-6)
  })

  it('finds kernels in shape at first, and leaves the gradient of the loss alone', () => {
    const conv = decoupled()
    const before = numbers(conv.weight)
    standardizeWeights_(conv)
    expect(largestDifference(numbers(conv.weight), before)).toBeLessThan(1e-6)
    conv(randn([2, 5, 6, 6]))
      .square()
      .sum()
      .backward()
    // Through the standardization the gradient would have no mean over a unit.
    const means = rows(conv.weight.grad!).map(row => Math.abs(sum(row)))
    expect(Math.max(...means)).toBeGreaterThan(0.1)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a strength of %d', strength => {
    expect(() => standardizeWeights_(decoupled(), strength)).toThrow('`strength`')
  })

  it('refuses a model that standardizes on every call', () => {
    const build = () => standardizeWeights_(new ScaledStdConv2d(3, 8, 3))
    expect(build).toThrow(ArgumentError)
    expect(build).toThrow("weightStandardization 'decoupled'")
  })
})

/** Central difference of `f` in element i of `parameter`. */
function slope(parameter: Tensor, i: number, f: () => number): number {
  const step = 1e-5
  const element = parameter
    .detach()
    .view([-1])
    .slice(0, i, i + 1)
  const at = (change: number) => {
    element.add_(change)
    const value = f()
    element.sub_(change)
    return value
  }
  return (at(step) - at(-step)) / (2 * step)
}
