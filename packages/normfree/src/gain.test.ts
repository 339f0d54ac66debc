import { ArgumentError, randn, type Tensor, tensor } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { ACTIVATIONS, type ActivationName } from './activations.ts'
import { numbers } from './fixtures.test.util.ts'
import { activationMoments, GAMMA, momentsOf } from './gain.ts'

const NAMES = Object.keys(ACTIVATIONS) as ActivationName[]
const BY_QUADRATURE = NAMES.filter(name => ACTIVATIONS[name].scalar !== null)

/** By a sum over 2.4e6 points of [-12, 12] in float64, with PyTorch 1.13's own functions. */
const EXACT: Partial<Record<ActivationName, readonly [gain: number, mean: number]>> = {
  identity: [1, 0],
  celu: [1.2708434, 0.1605206],
  elu: [1.2708434, 0.1605206],
  gelu: [1.7009261, 0.2820948],
  gelu_tanh: [1.7009166, 0.2820386],
  leaky_relu: [1.7048316, 0.3949529],
  log_sigmoid: [1.919126, -0.8060592],
  relu: [1.7128586, 0.3989423],
  relu6: [1.7128586, 0.3989423],
  selu: [1, 0],
  sigmoid: [4.8013134, 0.5],
  silu: [1.7871872, 0.206621],
  soft_sign: [2.3375334, 0],
  softplus: [1.919126, 0.8060592],
  tanh: [1.5925374, 0],
  mish: [1.5920254, 0.2404039],
  hard_swish: [1.8138715, 0.1662167],
}

/** Standard normal distribution function, in float64. */
const normalCdf = (x: number): number =>
  (1 + numbers(tensor([x / Math.SQRT2], { dtype: 'float64' }).erf())[0]) / 2
const normalPdf = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** In [-3, 3]: multiples of the golden ratio's fraction, which no grid has. */
const randomKinks = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 0.618033988749895) % 1) * 6 - 3)

/** The papers' recipe (NF-ResNets, Appendix D.1) with four times the vectors. */
const monteCarloGain = (f: (x: Tensor) => Tensor): number =>
  f(randn([4096, 256]))
    .varMean([-1], { correction: 0 })[0]
    .mean()
    .item() ** -0.5

describe('GAMMA', () => {
  it.each(BY_QUADRATURE)('%s is within 1.5e-3 of the exact gain', name => {
    const { gain } = momentsOf(name)!
    expect(Math.abs(GAMMA[name] / gain - 1)).toBeLessThan(1.5e-3)
  })

  it.each(['mish', 'hard_swish'] as const)('%s, which no table has, is the exact gain', name => {
    expect(GAMMA[name]).toBeCloseTo(momentsOf(name)!.gain, 9)
  })

  it.each(['glu', 'log_softmax'] as const)(
    '%s is within half a percent of a Monte-Carlo estimate',
    name => {
      expect(Math.abs(GAMMA[name] / monteCarloGain(ACTIVATIONS[name].module()) - 1)).toBeLessThan(
        5e-3,
      )
    },
  )
})

describe('momentsOf', () => {
  it.each(Object.entries(EXACT))('%s has its known gain and mean', (name, [gain, mean]) => {
    const moments = momentsOf(name as ActivationName)!
    expect(moments.gain).toBeCloseTo(gain, 6)
    expect(moments.mean).toBeCloseTo(mean, 6)
  })

  it('is null for activations whose output mixes inputs', () => {
    expect(NAMES.filter(name => momentsOf(name) === null)).toEqual(['glu', 'log_softmax'])
  })

  it.each(['relu', 'silu'] as const)('of %s agrees with a million samples', name => {
    const estimate = monteCarloGain(ACTIVATIONS[name].module())
    expect(Math.abs(momentsOf(name)!.gain / estimate - 1)).toBeLessThan(5e-3)
  })
})

describe('activationMoments', () => {
  it('has the closed form of relu to 1e-9', () => {
    const { gain, mean, variance } = activationMoments(x => Math.max(x, 0))
    expect(gain).toBeCloseTo(Math.SQRT2 / Math.sqrt(1 - 1 / Math.PI), 9)
    expect(mean).toBeCloseTo(1 / Math.sqrt(2 * Math.PI), 9)
    expect(variance).toBeCloseTo((1 - 1 / Math.PI) / 2, 9)
  })

  it('has the closed form of leaky_relu to 1e-9', () => {
    const slope = 0.01
    const variance = (1 + slope ** 2) / 2 - (1 - slope) ** 2 / (2 * Math.PI)
    expect(momentsOf('leaky_relu')!.variance).toBeCloseTo(variance, 9)
  })

  it('leaves a standard normal as it is, and squares it to variance 2', () => {
    expect(activationMoments(x => x).gain).toBeCloseTo(1, 9)
    expect(activationMoments(x => x).mean).toBeCloseTo(0, 9)
    expect(activationMoments(x => x * x).variance).toBeCloseTo(2, 9)
  })

  // At one of these, chance lets the two rules agree about the undivided panel: it was 3e-9 there.
  const CHANCE = -0.9682661525416192
  it.each([CHANCE, 0.124999, 0.13, -0.777, 1 / 3, 1 / 16, 2.0801, ...randomKinks(20)])(
    'resolves a kink, and a jump, at %d to 1e-9',
    kink => {
      const { mean, variance } = activationMoments(x => Math.max(x - kink, 0))
      const above = 1 - normalCdf(kink)
      const expectedMean = normalPdf(kink) - kink * above
      const second = (1 + kink ** 2) * above - kink * normalPdf(kink)
      expect(Math.abs(mean - expectedMean)).toBeLessThan(1e-9)
      expect(Math.abs(variance - (second - expectedMean ** 2))).toBeLessThan(1e-9)
      const step = activationMoments(x => (x > kink ? 1 : 0))
      expect(Math.abs(step.mean - above)).toBeLessThan(1e-9)
      expect(Math.abs(step.variance - above * (1 - above))).toBeLessThan(1e-9)
    },
  )

  it('reaches as far out as the function grows', () => {
    const { mean, variance } = activationMoments(x => Math.exp(3 * x))
    expect(mean / Math.exp(4.5)).toBeCloseTo(1, 9)
    expect(variance / (Math.exp(18) - Math.exp(9))).toBeCloseTo(1, 9)
    expect(activationMoments(x => Math.exp(0.24 * x * x)).mean).toBeCloseTo(0.52 ** -0.5, 9)
  })

  it('keeps its precision under a large mean, and finds that a constant has no variance', () => {
    const { variance } = activationMoments(Math.tanh)
    expect(activationMoments(x => Math.tanh(x) + 100).variance).toBeCloseTo(variance, 9)
    expect(activationMoments(() => 0.1)).toMatchObject({ variance: 0, gain: Infinity })
    expect(activationMoments(() => 0).variance).toBe(0)
  })

  it.each<[string, (x: number) => number, string]>([
    ['exp(x^2)', x => Math.exp(x * x), 'is Infinity at x = 26.6'],
    ['exp(x^2 / 4)', x => Math.exp((x * x) / 4), 'whose variance is not finite'],
    ['sqrt(x)', Math.sqrt, 'is NaN at x = -'],
    ['1 / (x - 0.3)', x => 1 / (x - 0.3), 'Expected an activation of finite variance'],
  ])('refuses %s', (_, f, message) => {
    expect(() => activationMoments(f)).toThrow(ArgumentError)
    expect(() => activationMoments(f)).toThrow(message)
  })
})
