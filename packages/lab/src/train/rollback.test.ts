import { existsSync } from 'node:fs'
import { type RunRecord, readRun, type SignalRecord } from '@normfree/runs'
import { rand } from '@normfree/torch'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunConfig } from '../config/schema.ts'
import { tinyConfig } from './fixtures.test.util.ts'
import { contentOf, optionsOf, stoppingAt, weightsFile } from './run-folder.test.util.ts'
import { train } from './train.ts'

// The signal at the start takes nine tenths of so small a run; what matters here is that it draws.
vi.mock('./signal.js', async load => ({
  ...(await load<object>()),
  signalAtInit: (): SignalRecord => ({ model: 'm', input: `${rand([]).item()}`, taps: [] }),
}))

/**
 * The first update explodes the weights, the second loss is NaN. So the checkpoint after the first is
 * no good, and the run must return to the one before.
 */
const exploding = (rollback: { max: number; lrFactor: number }): RunConfig =>
  tinyConfig({
    ...{ model: 'resnet20_nonorm', optimizer: { lr: 1e6 } },
    ...{ schedule: { kind: 'constant', warmupEpochs: 0 }, watch: { rollback } },
    checkpoint: { everySteps: 1 },
  })

describe('a run that may go back', () => {
  const config = exploding({ max: 3, lrFactor: 1e-4 })
  const whole = optionsOf()
  let record: RunRecord
  beforeAll(async () => {
    expect(await train(config, whole)).toMatchObject({ status: 'completed' })
    record = readRun(whole.dir)
  }, 60_000)

  it('returns to its checkpoint when it diverges, and goes on at a lower rate', () => {
    const { steps, events, epochs } = record
    const back = (to: number, rate: string, nth: number) =>
      new RegExp(
        `^back from step 1 to step-0000000${to}.safetensors, at ${rate} of the rate from there \\(${nth} of 3\\): the loss became .*; first in block layer\\d`,
      )
    expect(events).toMatchObject([
      { step: 1, event: 'rollback', message: expect.stringMatching(back(1, '0.0001', 1)) },
      { step: 0, event: 'rollback', message: expect.stringMatching(back(0, '1e-8', 2)) },
    ])
    expect(steps[0]!.lr).toBeCloseTo(0.01, 12)
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3])
  })

  it('records each step once', () => {
    const numbers = record.steps.map(({ step }) => step)
    expect(numbers).toEqual([1, 4, 8, 11, 12])
  })

  it('remembers where it was when it is interrupted and resumed', async () => {
    const options = stoppingAt(6)
    await train(config, options)
    const { signal: _, ...rest } = options
    await train(config, { ...rest, resume: true })
    expect(contentOf(options.dir)).toEqual(contentOf(whole.dir))
    const kinds = readRun(options.dir).events!.map(({ event }) => event)
    expect(kinds).toEqual([...record.events!.map(({ event }) => event), 'resume'])
  })

  it('ends as diverged after as many returns as it may make', async () => {
    const options = optionsOf()
    const summary = await train(exploding({ max: 2, lrFactor: 0.9 }), options)
    expect(summary).toMatchObject({ status: 'diverged', testAccuracy: Number.NaN })
    const { events, end } = readRun(options.dir)
    expect(events!.map(({ event }) => event)).toEqual(['rollback', 'rollback'])
    expect(end?.status).toBe('diverged')
    expect(existsSync(weightsFile(options.dir))).toBe(false)
  })
})
