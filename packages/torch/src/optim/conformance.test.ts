// Optimizers and schedules against PyTorch's own numbers (conformance/optim.py).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { noGrad } from '../autograd.ts'
import { tensor } from '../create.ts'
import { Parameter } from '../nn/index.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose } from '../testing.test.util.ts'
import * as optim from './index.ts'

interface Case {
  optimizer: string
  options: { lr: number; momentum?: number; rho?: number; k?: number; alpha?: number }
  groups: { lr?: number }[] | null
  after: Record<string, number[][]>
}

interface Data {
  optimizers: Case[]
  schedules: Record<string, number[]>
  metrics: number[]
  plateaus: { options: optim.ReduceLROnPlateauOptions; rates: number[] }[]
}

const data: Data = JSON.parse(
  readFileSync(new URL('../../conformance/optim.json', import.meta.url), 'utf8'),
)

const SHAPES = [[3], [2, 2], []]
const filled = (shape: number[], value: (i: number) => number) => {
  const count = shape.reduce((product, size) => product * size, 1)
  return tensor(Float64Array.from({ length: count }, (_, i) => value(i))).reshape(shape)
}
const starts = () =>
  SHAPES.map((shape, k) => new Parameter(filled(shape, i => Math.cos(1.7 * k + i) + 0.2)))

function setGradients(params: readonly Tensor[], t: number): void {
  for (const [k, param] of params.entries())
    param.grad =
      k === 2 && t % 3 === 0
        ? null
        : filled(SHAPES[k], i => Math.sin(3 * t + 1.3 * k + i) + 0.1 * i)
}

/** One step for each kind of optimizer in the data. */
function stepper({ optimizer, options, groups }: Case, params: Parameter[]): (t: number) => void {
  if (optimizer === 'SAM') return samStepper(options, params)
  const base = make(optimizer, options, groups, params)
  return t => {
    setGradients(params, t)
    base.step()
  }
}

function make(
  name: string,
  options: Case['options'],
  groups: Case['groups'],
  params: Parameter[],
): { step(): void } {
  if (name === 'Lookahead') return new optim.Lookahead(new optim.SGD(params, options), options)
  const { SGD, Adam, AdamW, NAdamW, LAMB, RMSprop } = optim
  const classes = { SGD, Adam, AdamW, NAdamW, LAMB, RMSprop }
  const Class = classes[name as keyof typeof classes]
  return new Class(
    groups ? groups.map((group, k) => ({ ...group, params: [params[k]] })) : params,
    options,
  )
}

function samStepper(options: Case['options'], params: Parameter[]): () => void {
  const sam = new optim.SAM(new optim.SGD(params, options), options)
  const backward = () =>
    noGrad(() => {
      for (const param of params) param.grad = param.pow(3).add(param.sin())
    })
  return () => {
    backward()
    sam.step(backward)
  }
}

describe('optimizers', () => {
  it.each(
    data.optimizers.map(
      one =>
        [
          `${one.optimizer} ${JSON.stringify(one.options)}${one.groups ? ' in groups' : ''}`,
          one,
        ] as const,
    ),
  )('%s takes PyTorch’s steps', (_, one) => {
    const params = starts()
    const step = stepper(one, params)
    for (let t = 0; t < 12; t++) {
      step(t)
      const expected = one.after[t + 1]
      for (const [k, values] of expected?.entries() ?? []) expectClose(params[k], values, 1e-12)
    }
  })

  it('covers each kind more than once', () => {
    const kinds = data.optimizers.map(({ optimizer }) => optimizer)
    for (const kind of 'SGD Adam AdamW NAdamW LAMB RMSprop Lookahead SAM'.split(' '))
      expect(kinds.filter(other => other === kind).length, kind).toBeGreaterThan(1)
  })
})

describe('schedules', () => {
  const schedules: Record<string, optim.Schedule> = {
    stepDecay: optim.stepDecay(0.4, 7, 0.3),
    multiStep: optim.multiStep(0.4, [5, 20], 0.2),
    polynomial: optim.polynomial({ lr: 0.4, totalSteps: 25, power: 2 }),
    cosine: optim.cosine({ lr: 0.4, totalSteps: 40, finalLr: 0.1 }),
    linear: optim.linear({ lr: 0.4, totalSteps: 20, finalLr: 0.1 }),
    withWarmup: optim.withWarmup(optim.constant(0.4), { steps: 8, startLr: 0.04 }),
  }

  it.each(Object.entries(data.schedules))('%s is PyTorch’s', (name, expected) => {
    expectClose(
      expected.map((_, step) => schedules[name](step)),
      expected,
      1e-12,
    )
  })
})

describe('ReduceLROnPlateau', () => {
  it.each(data.plateaus)('reduces when PyTorch does: $options', ({ options, rates }) => {
    const plateau = new optim.ReduceLROnPlateau({ ...options, lr: 0.4 })
    expectClose(
      data.metrics.map(metric => plateau.step(metric)),
      rates,
      1e-12,
    )
    expect(plateau.lr).toBe(plateau.stateDict().lr)
  })

  it('continues from its state', () => {
    const options = { lr: 0.4, patience: 1, cooldown: 1 }
    const whole = new optim.ReduceLROnPlateau(options)
    const expected = data.metrics.map(metric => whole.step(metric))
    const first = new optim.ReduceLROnPlateau(options)
    for (const metric of data.metrics.slice(0, 9)) first.step(metric)
    const second = new optim.ReduceLROnPlateau(options)
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())))
    expect(data.metrics.slice(9).map(metric => second.step(metric))).toEqual(expected.slice(9))
  })

  it('refuses a factor that would raise the rate, and takes no NaN for an improvement', () => {
    expect(() => new optim.ReduceLROnPlateau({ lr: 1, factor: 1 })).toThrow(
      /`factor` but received 1/,
    )
    const plateau = new optim.ReduceLROnPlateau({ lr: 1, patience: 0 })
    expect([Number.NaN, 1, Number.NaN].map(metric => plateau.step(metric).toFixed(2))).toEqual([
      '0.10',
      '0.10',
      '0.01',
    ])
  })
})
