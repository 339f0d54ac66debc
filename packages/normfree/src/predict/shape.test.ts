import { describe, expect, it } from 'vitest'
import { activationMoments } from '../gain.ts'
import { bentCorrelation, correlationAt, WHITE } from './correlation.ts'
import { Axis, cellsUnder, Grid } from './grid.ts'
import { added, maximum, NORMAL, reshapedBy, transformed } from './shape.ts'

const UNIT = { mean: 0, spread: 0, variance: 1 }
const relu = (x: number) => Math.max(x, 0)

describe('transformed', () => {
  it('has the exact moments of smooth functions of a normal number', () => {
    const { mean, variance } = activationMoments(Math.tanh)
    const y = transformed(Math.tanh, UNIT, NORMAL)
    expect(y.mean).toBeCloseTo(mean, 6)
    expect(y.variance).toBeCloseTo(variance, 6)
  })

  it('is within a thousandth at a kink', () => {
    const y = transformed(relu, { ...UNIT, mean: 0.3 }, NORMAL)
    const exact = activationMoments(x => relu(x + 0.3))
    expect(Math.abs(y.mean / exact.mean - 1)).toBeLessThan(1e-3)
    expect(Math.abs(y.variance / exact.variance - 1)).toBeLessThan(1e-3)
  })

  it('tells what channels differ in from what varies within them', () => {
    // E f^2 over both is that of one normal number of the whole variance.
    const y = transformed(relu, { mean: 0, spread: 0.6, variance: 0.64 }, NORMAL)
    const whole = activationMoments(relu)
    expect(y.mean).toBeCloseTo(whole.mean, 3)
    expect(y.variance + y.spread ** 2).toBeCloseTo(whole.variance, 3)
    expect(y.spread).toBeGreaterThan(0.25)
  })
})

describe('shapes', () => {
  it('of the larger of two normal numbers: mean 1 / sqrt(pi), variance 1 - 1 / pi', () => {
    const { mean, variance } = maximum(NORMAL, 2)
    expect(mean).toBeCloseTo(1 / Math.sqrt(Math.PI), 3)
    expect(variance).toBeCloseTo(1 - 1 / Math.PI, 3)
  })

  it('become normal in sums of many', () => {
    const half = reshapedBy(relu, UNIT, NORMAL)
    expect(half).not.toBe(NORMAL)
    expect(added(half, NORMAL, 0.5)).not.toBe(NORMAL)
    expect(added(half, NORMAL, 0.01)).toBe(NORMAL)
    expect(added(NORMAL, NORMAL, 0.3)).toBe(NORMAL)
  })

  it('are skewed in a sum by the share that is', () => {
    const skew = ({ values, weights }: typeof NORMAL) =>
      values.reduce((sum, value, i) => sum + weights[i] * value ** 3, 0)
    const half = reshapedBy(Math.abs, UNIT, NORMAL)
    expect(skew(added(half, NORMAL, 0.5))).toBeCloseTo(skew(half) * 0.5 ** 1.5, 2)
  })
})

describe('bentCorrelation', () => {
  it('is the arc cosine kernel for relu (Cho and Saul, 2009)', () => {
    const lags = WHITE.slice()
    lags[1] = 0.6
    const angle = Math.acos(0.6)
    const product = (Math.sin(angle) + (Math.PI - angle) * 0.6) / (2 * Math.PI)
    const exact = (product - 1 / (2 * Math.PI)) / (0.5 - 1 / (2 * Math.PI))
    expect(correlationAt(bentCorrelation(lags, relu), 0, 1)).toBeCloseTo(exact, 2)
    expect(bentCorrelation(WHITE, relu)).toBe(WHITE)
  })
})

describe('Grid', () => {
  it('keeps the ends of a side apart and its middle together', () => {
    const axis = new Axis(100)
    expect(axis.cells).toBe(17)
    expect([-1, 0, 7, 8, 50, 91, 92, 99, 100].map(position => axis.cellOf(position))).toEqual([
      ...[-1, 0, 7, 8, 8, 8, 9, 16, -1],
    ])
    for (let cell = 0; cell < axis.cells; cell++)
      expect(axis.cellOf(axis.positionOf(cell))).toBe(cell)
    const { weights } = new Grid(axis, new Axis(5))
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
  })

  it('finds the cells under a window, and none outside', () => {
    const slide = { kernel: 3, stride: 2, padding: 1, dilation: 1 }
    const one = { kernel: 1, stride: 1, padding: 0, dilation: 1 }
    const line = (size: number) => new Grid(new Axis(size), new Axis(1))
    expect([...cellsUnder(line(4), line(2), slide, one)]).toEqual([-1, 0, 1, 1, 2, 3])
  })
})
