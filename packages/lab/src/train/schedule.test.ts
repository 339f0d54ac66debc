import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/load.ts'
import { createSchedule, peakLr } from './schedule.ts'

const configOf = (schedule: object, changes: object = {}) =>
  parseRunConfig({ model: 'm', epochs: 10, optimizer: { lr: 1 }, schedule, ...changes })

const rates = (schedule: object, steps: readonly number[], changes: object = {}) => {
  const { at } = createSchedule(configOf(schedule, changes), 10)
  return steps.map(step => Number(at(step).toPrecision(6)))
}

describe('createSchedule', () => {
  it('is that of the NF-ResNets: 90 epochs in batches of 1024, warm-up of 5, peak 0.4', () => {
    const stepsPerEpoch = 1_281_167 / 1024
    const config = configOf(
      { warmupEpochs: 5 },
      { epochs: 90, batchSize: 1024, optimizer: { lr: 0.1, lrBatch: 256 } },
    )
    expect(peakLr(config)).toBe(0.4)
    const { at } = createSchedule(config, stepsPerEpoch)
    const goldens = [
      [1000, 0.063942],
      [6255, 0.399955],
      [6256, 0.4],
      [50_000, 0.25499],
      [100_000, 0.0137],
      [112_602, 0],
    ] as const
    for (const [step, rate] of goldens) expect(at(step)).toBeCloseTo(rate, 5)
  })

  it.each<[string, object, number[]]>([
    ['cosine', { kind: 'cosine', warmupEpochs: 0 }, [1, 0.5, 0]],
    ['linear', { kind: 'linear', warmupEpochs: 0, finalLr: 0.2 }, [1, 0.6, 0.2]],
    ['polynomial', { kind: 'polynomial', warmupEpochs: 0, power: 2 }, [1, 0.25, 0]],
    ['tanh', { kind: 'tanh', warmupEpochs: 0 }, [0.999999, 0.982014, 0]],
    ['step', { kind: 'step', everyEpochs: 4, gamma: 0.5, warmupEpochs: 0 }, [1, 0.5, 0.25]],
    ['multistep', { kind: 'multistep', milestones: [4.5, 7], warmupEpochs: 0 }, [1, 0.1, 0.01]],
    ['constant', { kind: 'constant', warmupEpochs: 0 }, [1, 1, 1]],
    ['plateau', { kind: 'plateau', warmupEpochs: 0 }, [1, 1, 1]],
  ])('%s: at the start, half way, and at the end', (_, schedule, expected) => {
    expect(rates(schedule, [0, 50, 100])).toEqual(expected)
  })

  it('warms up from warmupLr, then decays over what is left', () => {
    const schedule = { kind: 'linear', warmupEpochs: 2, warmupLr: 0.5 }
    expect(rates(schedule, [0, 10, 20, 60, 100])).toEqual([0.5, 0.75, 1, 0.5, 0])
  })

  it('may let the warm-up override the start, as timm', () => {
    const schedule = { kind: 'linear', warmupEpochs: 2, warmupPrefix: false }
    expect(rates(schedule, [10, 19, 20, 60])).toEqual([0.5, 0.95, 0.8, 0.4])
  })

  it('counts milestones from the start of the run, unless told to begin after the warm-up', () => {
    const schedule = { kind: 'multistep', milestones: [3], warmupEpochs: 2 }
    expect(rates(schedule, [29, 30])).toEqual([1, 0.1])
    expect(rates({ ...schedule, warmupPrefix: true }, [30, 49, 50])).toEqual([1, 1, 0.1])
  })

  it('may stay the same within each epoch', () => {
    const schedule = { kind: 'linear', warmupEpochs: 1, perEpoch: true }
    const found = rates(schedule, [0, 9, 10, 19, 20])
    expect(found).toEqual([0, 0, 1, 1, 0.888889])
  })
})

describe('the plateau', () => {
  const schedule = { kind: 'plateau', warmupEpochs: 2, patience: 1, gamma: 0.5, finalLr: 0.2 }
  const create = () => createSchedule(configOf(schedule), 10)

  it('lowers the rate when the score has not risen for longer than its patience, after the warm-up', () => {
    const rate = create()
    expect([0, 10, 20].map(rate.at)).toEqual([0, 0.5, 1])
    const scores = [0.9, 0.9, 0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7]
    const seen = scores.map(score => {
      rate.epochEnd(score)
      return rate.at(100)
    })
    expect(seen).toEqual([1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2])
  })

  it('goes on from its state as if nothing had happened', () => {
    const [first, second] = [create(), create()]
    for (const score of [0.9, 0.9, 0.5, 0.5]) first.epochEnd(score)
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())))
    for (const rate of [first, second]) rate.epochEnd(0.5)
    expect(first.at(50)).toBe(0.5)
    expect(second.at(50)).toBe(0.5)
  })
})
