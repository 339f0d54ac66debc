import { ArgumentError, liveTensors, manualSeed, nn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'
import { GAMMA, momentsOf } from '../gain.ts'
import { activationGain, moduleGain } from './activation-gain.ts'
import { MONTE_CARLO_BIAS, monteCarloGain } from './monte-carlo.ts'

beforeEach(() => manualSeed(21))

const NAMES = Object.keys(ACTIVATIONS) as ActivationName[]
const EXACT = NAMES.filter(name => ACTIVATIONS[name].scalar !== null)

/** A module of one function. */
class Applied extends nn.Module {
  readonly #f: (x: Tensor) => Tensor

  constructor(f: (x: Tensor) => Tensor) {
    super()
    this.#f = f
  }

  override forward(x: Tensor): Tensor {
    return this.#f(x)
  }
}

describe('activationGain', () => {
  it('has the moments of a named activation, and the published constant', () => {
    const { gain, mean, variance } = momentsOf('silu')!
    const named = activationGain('silu')
    expect(named).toMatchObject({ activation: 'silu', gain, mean, variance })
    expect(named.published).toBe(GAMMA.silu)
  })

  it('gives an expression the gain of the function that it writes', () => {
    const written = activationGain('x * sigmoid(x)')
    const { gain, monotonic, turnsAt, published } = written
    expect(gain).toBeCloseTo(momentsOf('silu')!.gain, 12)
    expect({ monotonic, published }).toEqual({ monotonic: false, published: null })
    expect(turnsAt).toBeCloseTo(-1.278, 1)
    expect(activationGain('max(x, 0)^2').gain).toBeCloseTo(0.894427191, 9)
  })

  it.each(EXACT)('finds %s monotonic, or not, as the table says', name => {
    expect(activationGain(name).monotonic).toBe(ACTIVATIONS[name].monotonic)
  })

  it.each(['glu', 'log_softmax'])('only estimates %s, whose outputs mix inputs', name => {
    const { gain, mean, variance, monotonic, turnsAt, monteCarlo } = activationGain(name)
    expect([gain, mean, variance, monotonic, turnsAt]).toEqual(Array(5).fill(null))
    expect(Math.abs(monteCarlo.gain / GAMMA[name as ActivationName] - 1)).toBeLessThan(0.01)
  })

  it.each([
    ['3', 'received a constant'],
    ['x - x', 'received a constant'],
    ['exp(x^2)', 'exp(x^2): Expected an activation of finite variance'],
  ])('refuses %s in one line', (source, message) => {
    expect(() => activationGain(source)).toThrow(ArgumentError)
    expect(() => activationGain(source)).toThrow(message)
    expect(() => activationGain(source)).toThrow(/^[^\n]*$/)
  })
})

describe('moduleGain', () => {
  it('keeps no tensor', () => {
    const module = new nn.PReLU()
    moduleGain('mine', module)
    const living = liveTensors()
    moduleGain('mine', module)
    expect(liveTensors()).toEqual(living)
  })

  it('integrates a module with parameters', () => {
    const { gain, activation, published } = moduleGain('mine', new nn.PReLU())
    expect({ activation, published }).toEqual({ activation: 'mine', published: null })
    expect(gain).toBeCloseTo(activationGain('max(x, 0) + 0.25 * min(x, 0)').gain!, 9)
  })

  it('takes a module in evaluation mode', () => {
    expect(
      moduleGain('drop', new nn.Sequential(new nn.ReLU(), new nn.Dropout(0.5))).gain,
    ).toBeCloseTo(momentsOf('relu')!.gain, 9)
  })

  it.each<[string, nn.Module]>([
    ['softmax', new nn.LogSoftmax(-1)],
    ['mean over the batch', new Applied(x => x.sub(x.mean([0])))],
  ])('finds that a %s mixes its inputs', (name, module) => {
    const { gain, monteCarlo } = moduleGain(name, module)
    expect(gain).toBeNull()
    expect(monteCarlo.gain).toBeCloseTo(1, 1)
  })

  it.each<[string, nn.Module, string]>([
    ['half', new nn.GLU(), 'it made [1024, 128] of [1024, 256]'],
    ['none', new Applied(() => 3 as unknown as Tensor), 'it made no tensor of [1024, 256]'],
  ])('refuses one that returns another shape: %s', (name, module, message) => {
    expect(() => moduleGain(name, module)).toThrow(message)
  })
})

describe('monteCarloGain', () => {
  it('repeats by seed', () => {
    const [first, second] = [1, 1].map(seed => {
      manualSeed(seed)
      return monteCarloGain(x => x.relu())
    })
    expect(second).toEqual(first)
  })

  it('is too large by sqrt(256 / 255) on average, and as uncertain as it says', () => {
    const draws = Array.from({ length: 60 }, () => monteCarloGain(x => x))
    const mean = draws.reduce((sum, { gain }) => sum + gain, 0) / draws.length
    const error = draws[0].standardError / Math.sqrt(draws.length)
    expect(Math.abs(mean - MONTE_CARLO_BIAS)).toBeLessThan(4 * error)
    expect(mean - 1).toBeGreaterThan(4 * error)
    const spread = Math.sqrt(
      draws.reduce((sum, { gain }) => sum + (gain - mean) ** 2, 0) / (draws.length - 1),
    )
    expect(draws[0].standardError / spread).toBeGreaterThan(0.7)
    expect(draws[0].standardError / spread).toBeLessThan(1.4)
  })
})
