import { ArgumentError, manualSeed, nn, noGrad, randn, Tensor, tensor } from '@normfree/torch'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type AdaptiveClipOptions,
  adaptiveClipGrad_,
  clipGradNorm_,
  clipGradValue_,
  gradientNorm,
  unitwiseNorm,
} from './clip.ts'
import { filled, largestDifference, numbers } from './fixtures.test.util.ts'

beforeEach(() => manualSeed(8))

/** A parameter with a gradient, of `shape`. */
function withGradient(
  shape: readonly number[],
  weight: readonly number[],
  gradient: readonly number[] | null,
): nn.Parameter {
  const parameter = new nn.Parameter(filled(shape, i => weight[i]))
  if (gradient) parameter.grad = filled(shape, i => gradient[i])
  return parameter
}

const gradientOf = (parameter: Tensor): number[] => numbers(parameter.grad!)

/** The gradient that AGC leaves of `gradient`, for a single parameter called `w`. */
function clipped(
  shape: readonly number[],
  weight: readonly number[],
  gradient: readonly number[],
  options: AdaptiveClipOptions = {},
): number[] {
  const parameter = withGradient(shape, weight, gradient)
  adaptiveClipGrad_([['w', parameter]], options)
  return gradientOf(parameter)
}

describe('adaptiveClipGrad_', () => {
  // Rows of deepmind-research nfnets' formula, lambda 0.01 and eps 1e-3, worked out by hand.
  const weight = [3, 4, 0, 0, 0.1, 0]
  const gradient = [0.03, 0.04, 0.0003, 0.0004, 0, 0.002]

  it('scales each unit down to lambda times its weight norm, or times eps where that is larger', () => {
    const result = clipped([3, 2], weight, gradient)
    const relative = result.map((value, i) => value / [0.03, 0.04, 6e-6, 8e-6, 1, 0.001][i])
    expect(largestDifference(relative, [1, 1, 1, 1, 0, 1])).toBeLessThan(1e-6)
  })

  it('keeps every bit of a gradient at the bound and below it', () => {
    // 5 / 128 against 5 lambda: a tie that float32 holds exactly.
    const tie = withGradient([2, 2], [3, 4, 3, 4], [3 / 128, 4 / 128, 0.01, 0.02])
    expect(adaptiveClipGrad_([['w', tie]], { clipFactor: 1 / 128 }).clipFraction).toBe(0)
    expect(gradientOf(tie)).toEqual([3 / 128, 4 / 128, 0.01, 0.02].map(Math.fround))
  })

  it('reports the share of units that it clipped and the norm before', () => {
    const parameter = withGradient([3, 2], weight, [0.02, ...gradient.slice(1)])
    const untouched = withGradient([1, 2], [3, 4], [0.01, 0.02])
    const report = adaptiveClipGrad_(Object.entries({ parameter, untouched }))
    expect(report.clipFraction).toBe(2 / 4)
    expect(report.gradNorm).toBeCloseTo(Math.hypot(0.02, ...gradient.slice(1), 0.01, 0.02), 7)
  })

  it('takes defaults of lambda 0.01 and eps 1e-3', () => {
    const explicit = clipped([3, 2], weight, gradient, { clipFactor: 0.01, eps: 1e-3 })
    expect(clipped([3, 2], weight, gradient)).toEqual(explicit)
    expect(clipped([1, 2], [3, 4], [3, 4], { clipFactor: 0.1 })[1]).toBeCloseTo(0.4, 6)
    expect(clipped([1, 1], [0], [1], { eps: 0.5 })[0]).toBeCloseTo(0.005, 8)
  })

  it('caps the gradient of a SkipInit scalar at 0 at lambda eps', () => {
    expect(clipped([], [0], [-0.7])[0]).toBeCloseTo(-1e-5, 10)
  })

  it('clips a kernel output by output and a bias as a whole', () => {
    const kernel = clipped([2, 1, 1, 2], [1, 0, 10, 0], [0.5, 0, 0, 0.05])
    expect(largestDifference(kernel, [0.01, 0, 0, 0.05])).toBeLessThan(1e-8)
    const bias = clipped([2], [3, 4], [0.3, 0.4])
    expect(largestDifference(bias, [0.03, 0.04])).toBeLessThan(1e-8)
  })

  it.each([
    // The whole vector has norm 5 and its gradient 0.5: scaled by 0.1 together.
    ['deepmind', [0.03, 0.04]],
    // Channel by channel: bounds 0.03 and 0.04 for 0.3 and 0.4; the same here.
    ['timm', [0.03, 0.04]],
  ] as const)('reads a gain of (2, 1, 1, 1) as %s does', (reading, expected) => {
    const even = clipped([2, 1, 1, 1], [3, 4], [0.3, 0.4], { reading })
    expect(largestDifference(even, expected)).toBeLessThan(1e-8)
    // All of the gradient in the first channel: 0.05 of the vector's bound, 0.03 of the channel's.
    const uneven = clipped([2, 1, 1, 1], [3, 4], [0.5, 0], { reading })
    expect(uneven[0]).toBeCloseTo(reading === 'deepmind' ? 0.05 : 0.03, 8)
  })

  it('leaves out parameters by name and modules by what is below them, and nothing else', () => {
    const names = ['fc.weight', 'fc.bias', 'fc2.weight', 'layer1.fc.weight', 'stem', 'stem2']
    const parameters = names.map(name => [name, withGradient([1, 1], [1], [1])] as const)
    adaptiveClipGrad_(parameters, { exclude: ['fc', 'stem'] })
    const left = parameters.filter(([, each]) => gradientOf(each)[0] === 1).map(([name]) => name)
    expect(left).toEqual(['fc.weight', 'fc.bias', 'stem'])
  })

  it('counts excluded parameters in the norm but not among the units', () => {
    const parameters = ['fc', 'a'].map(name => [name, withGradient([1, 1], [1], [3])] as const)
    const report = adaptiveClipGrad_(parameters, { exclude: ['fc'] })
    expect(report).toEqual({ gradNorm: Math.hypot(3, 3), clipFraction: 1 })
  })

  it('reads from the device twice, however many parameters there are', () => {
    const parameters = ['a', 'b', 'c'].map(
      name => [name, withGradient([2], [1, 1], [3, 0])] as const,
    )
    const reads = (['item', 'data'] as const).map(name => vi.spyOn(Tensor.prototype, name))
    try {
      expect(adaptiveClipGrad_(parameters).clipFraction).toBe(1)
      expect(reads.map(({ mock }) => mock.calls.length)).toEqual([0, 2])
    } finally {
      for (const read of reads) read.mockRestore()
    }
  })

  it('passes over parameters without a gradient', () => {
    const none = withGradient([2], [1, 1], null)
    expect(adaptiveClipGrad_([['none', none]])).toEqual({ gradNorm: 0, clipFraction: 0 })
    expect(none.grad).toBeNull()
  })

  it('leaves a gradient of 0 at 0', () => {
    expect(clipped([1, 2], [0, 0], [0, 0])).toEqual([0, 0])
  })

  it.each([
    [{ clipFactor: 0 }, '`clipFactor`'],
    [{ clipFactor: Number.NaN }, '`clipFactor`'],
    [{ eps: -1 }, '`eps`'],
  ])('refuses %j', (options, named) => {
    const clip = () => adaptiveClipGrad_([], options)
    expect(clip).toThrow(ArgumentError)
    expect(clip).toThrow(named)
  })

  it('leaves no unit above its bound, and does nothing the second time', () => {
    const shapes = fc.constantFrom([], [5], [4, 3], [3, 2, 2, 2], [6, 1, 1, 1], [1, 4])
    const scale = fc.constantFrom(0, 1e-4, 1, 100)
    const reading = fc.constantFrom('deepmind' as const, 'timm' as const)
    fc.assert(
      fc.property(shapes, scale, scale, reading, (shape, weightScale, gradScale, how) => {
        const parameter = new nn.Parameter(randn(shape).mul(weightScale))
        parameter.grad = randn(shape).mul(gradScale)
        adaptiveClipGrad_([['w', parameter]], { reading: how })
        const once = gradientOf(parameter)
        const bounds = numbers(noGrad(() => unitwiseNorm(parameter, how).clampMin(1e-3).mul(0.01)))
        numbers(unitwiseNorm(parameter.grad!, how)).forEach((norm, i) => {
          expect(norm).toBeLessThanOrEqual(bounds[i] * (1 + 1e-5))
        })
        adaptiveClipGrad_([['w', parameter]], { reading: how })
        gradientOf(parameter).forEach((value, i) => {
          expect(Math.abs(value - once[i])).toBeLessThanOrEqual(1e-6 * Math.abs(once[i]))
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('clipGradNorm_', () => {
  const parameters = () => [
    ['a', withGradient([2], [1, 1], [3, 0])] as const,
    ['b', withGradient([1], [1], [4])] as const,
    ['c', withGradient([1], [1], null)] as const,
  ]

  it('scales all gradients together by max / (norm + 1e-6)', () => {
    const all = parameters()
    expect(clipGradNorm_(all, 2)).toEqual({ gradNorm: 5, clipFraction: 1 })
    const factor = 2 / (5 + 1e-6)
    expect(gradientOf(all[0][1])[0]).toBeCloseTo(3 * factor, 6)
    expect(gradientOf(all[1][1])[0]).toBeCloseTo(4 * factor, 6)
    expect(gradientNorm(all)).toBeLessThan(2)
  })

  it('keeps every bit of gradients within the norm', () => {
    const all = parameters()
    expect(clipGradNorm_(all, 5.1)).toEqual({ gradNorm: 5, clipFraction: 0 })
    expect([...gradientOf(all[0][1]), ...gradientOf(all[1][1])]).toEqual([3, 0, 4])
  })

  it.each([0, -1, Number.NaN])('refuses a norm of %d', max => {
    expect(() => clipGradNorm_([], max)).toThrow('`maxNorm`')
  })
})

describe('clipGradValue_', () => {
  it('cuts every element to the bound and reports the share of those beyond it', () => {
    const parameter = withGradient([4], [1, 1, 1, 1], [-3, 0.5, 1, 7])
    const report = clipGradValue_([['w', parameter]], 1)
    expect(gradientOf(parameter)).toEqual([-1, 0.5, 1, 1])
    expect(report.clipFraction).toBe(0.5)
    expect(report.gradNorm).toBeCloseTo(Math.hypot(3, 0.5, 1, 7), 5)
  })

  it('measures gradients of different dtypes together', () => {
    const half = new nn.Parameter(tensor([1]).to('bfloat16'))
    half.grad = tensor([4]).to('bfloat16')
    const parameters = [
      ['h', half] as const,
      ['w', withGradient([1], [1], [3.0009765625])] as const,
    ]
    expect(gradientNorm(parameters)).toBe(Math.hypot(4, 3.0009765625))
  })

  it('refuses a bound of 0 and passes over what has no gradient', () => {
    expect(() => clipGradValue_([], 0)).toThrow('`clipValue`')
    expect(clipGradValue_([['w', withGradient([1], [1], null)]], 1).clipFraction).toBe(0)
  })
})

describe('unitwiseNorm', () => {
  it('has the shape that broadcasts against its tensor', () => {
    expect(unitwiseNorm(tensor([[3, 4]])).shape).toEqual([1, 1])
    expect(unitwiseNorm(randn([5, 3, 2, 2])).shape).toEqual([5, 1, 1, 1])
    expect(unitwiseNorm(randn([5, 1, 1, 1])).shape).toEqual([1, 1, 1, 1])
    expect(unitwiseNorm(randn([5, 1, 1, 1]), 'timm').shape).toEqual([5, 1, 1, 1])
    expect(unitwiseNorm(randn([])).shape).toEqual([])
  })
})
