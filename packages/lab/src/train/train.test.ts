import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type RunRecord, readRun } from '@normfree/runs'
import { liveTensors, loadSafetensors } from '@normfree/torch'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RunSummary, TrainEvent } from '../ablate/trainer.ts'
import type { RunConfig } from '../config/schema.ts'
import { TrainError } from './errors.ts'
import { evaluate } from './evaluate.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import {
  metricLines,
  optionsOf,
  stoppingAt,
  timeless,
  weightsFile,
} from './run-folder.test.util.ts'
import { createSession } from './session.ts'
import { train } from './train.ts'

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

describe('a run that completes', () => {
  const config = tinyConfig({ model: 'resnet20', clip: { kind: 'agc' } })
  const events: TrainEvent[] = []
  const options = optionsOf({ plan: 'a plan', onEvent: event => events.push(event) })
  let summary: RunSummary
  let record: RunRecord
  beforeAll(async () => {
    summary = await train(config, options)
    record = readRun(options.dir)
  }, 60_000)

  it('says in its header what was run, how and on what', () => {
    expect(record.header).toMatchObject({
      ...{ format: 1, id: 'run-0', name: 'tiny', plan: 'a plan', seed: 0, command: 'a test' },
      config,
      model: { name: 'resnet20', parameters: 269_818 - 7 * 65, macs: 40_551_040 - 7 * 64 },
      environment: { precision: 'float32', node: process.version },
    })
  })

  it('writes its lines in the order in which things happen', () => {
    const kinds = metricLines(options.dir).map(({ kind }) => kind)
    expect(kinds.filter((kind, i) => kind !== kinds[i - 1])).toEqual([
      ...['signal', 'step', 'epoch', 'step', 'epoch', 'step', 'epoch', 'signal', 'end'],
    ])
    expect(record.signals.map(({ when }) => when)).toEqual(['init', 'end'])
    expect(record.end).toMatchObject({ kind: 'end', status: 'completed' })
  })

  it('records every tenth step and the last of each epoch', () => {
    const { steps } = record
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual([
      ...[
        [1, 1],
        [4, 1],
        [8, 2],
        [11, 3],
        [12, 3],
      ],
    ])
    expect(steps[0]!.lr).toBe(0)
    expect(steps[1]!.lr).toBeCloseTo(0.1 * (3 / 4), 12)
    for (const { loss, gradNorm, clipFraction } of steps) {
      expect(Number.isFinite(loss)).toBe(true)
      expect(gradNorm).toBeGreaterThan(0)
      expect(clipFraction).toBeGreaterThan(0)
      expect(clipFraction).toBeLessThanOrEqual(1)
    }
  })

  it('learns, and reports the accuracy of its last epoch', () => {
    const { epochs } = record
    expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 4],
      [2, 8],
      [3, 12],
    ])
    expect(epochs[2]!.trainLoss).toBeLessThan(epochs[0]!.trainLoss * 0.9)
    expect(epochs[2]!.testAccuracy).toBeGreaterThan(0.5)
    const { testAccuracy } = epochs[2]!
    expect(summary).toEqual({ dir: options.dir, status: 'completed', testAccuracy })
  })

  it('measures the signal of the architecture first and of the trained net on test images last', () => {
    const [init, end] = record.signals.map(({ signal }) => signal)
    expect(init!.taps).toHaveLength(10)
    expect(init!.input).toContain('N(0, 1) noise')
    expect(end!.input).toBe('30 test images, after training')
    expect(end!.taps.map(({ name }) => name)).toEqual(init!.taps.map(({ name }) => name))
    expect(end!.taps[9]!.channelVariance).not.toBe(init!.taps[9]!.channelVariance)
  })

  it('tells while it goes on what it writes down', () => {
    expect(events[0]).toMatchObject({ kind: 'start', totalSteps: 12, stepsPerEpoch: 4 })
    const steps = events.filter(event => event.kind === 'step')
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    const epochs = events.filter(event => event.kind === 'epoch')
    expect(epochs.map(event => event.testAccuracy)).toEqual(
      record.epochs.map(line => line.testAccuracy),
    )
    expect(events.at(-1)).toEqual({ kind: 'end', status: 'completed' })
  })

  it('keeps weights that repeat its last evaluation in another model', async () => {
    const session = createSession({ ...config, seed: 99 }, tinyData())
    const before = await evaluate(session)
    session.model.loadStateDict(loadSafetensors(weightsFile(options.dir)))
    const { loss, score } = await evaluate(session)
    const { testLoss, testAccuracy } = record.epochs[2]!
    expect([loss, score]).toEqual([testLoss, testAccuracy])
    expect(before.loss).not.toBe(testLoss)
  })

  it('repeats itself bit by bit from the same seed, and only from that', async () => {
    const again = async (changes: Partial<RunConfig>) => {
      const { dir } = await train({ ...config, ...changes }, optionsOf())
      return { weights: readFileSync(weightsFile(dir)), metrics: timeless(dir) }
    }
    const weights = readFileSync(weightsFile(options.dir))
    const same = await again({})
    expect(same.weights.equals(weights)).toBe(true)
    expect(same.metrics).toEqual(timeless(options.dir))
    const other = await again({ seed: 1 })
    expect(other.weights.equals(weights)).toBe(false)
    expect(other.metrics).not.toEqual(same.metrics)
  })

  it('is not written over', async () => {
    const before = readFileSync(weightsFile(options.dir))
    await expect(train(config, options)).rejects.toMatchObject({ name: 'RunRecordError' })
    expect(readFileSync(weightsFile(options.dir)).equals(before)).toBe(true)
    expect(readRun(options.dir)).toEqual(record)
  })
})

describe('train', () => {
  it('ends as diverged, with the block named and no weights, when the loss explodes', async () => {
    const config = tinyConfig({
      model: 'resnet20_nonorm',
      optimizer: { lr: 1e6 },
      schedule: { warmupEpochs: 0 },
    })
    const { dir, status, message } = await train(config, optionsOf())
    expect(status).toBe('diverged')
    expect(message).toMatch(
      /^the loss became (NaN|Infinity); first in block layer\d\.\d, in layer\d\.\d/,
    )
    expect(readRun(dir).end).toMatchObject({ status: 'diverged', message })
    expect(existsSync(weightsFile(dir))).toBe(false)
  })

  it.each([
    [2, 'in the middle of an epoch'],
    [4, 'in the last step of an epoch'],
    [12, 'in the last step of all'],
  ])('ends as interrupted when it is stopped in step %d, %s', async step => {
    const options = stoppingAt(step)
    const { dir, status } = await train(tinyConfig(), options)
    expect(status).toBe('interrupted')
    expect(options.events.filter(({ kind }) => kind === 'step')).toHaveLength(step)
    const { end, epochs } = readRun(dir)
    expect(end?.status).toBe('interrupted')
    expect(epochs).toHaveLength(Math.floor((step - 1) / 4))
    expect(existsSync(weightsFile(dir))).toBe(false)
  })

  it('takes no step when it is stopped before the first', async () => {
    const { dir, status, testAccuracy } = await train(
      tinyConfig(),
      optionsOf({ signal: AbortSignal.abort() }),
    )
    expect([status, testAccuracy]).toEqual(['interrupted', Number.NaN])
    expect(readRun(dir).steps).toEqual([])
  })

  it.each<[Partial<RunConfig>, string]>([
    [
      { batchSize: 65 },
      'Expected a `batchSize` of at most 64, the number of training images, but received 65.',
    ],
    [
      { schedule: { warmupEpochs: 4, finalLr: 0 } },
      'Expected `schedule.warmupEpochs` below `epochs` (3) but received 4. Shorten the warm-up or train for longer.',
    ],
  ])('refuses %j before anything is written', async (changes, message) => {
    const options = optionsOf()
    const error = await train({ ...tinyConfig(), ...changes }, options).catch(caught => caught)
    expect(error).toBeInstanceOf(TrainError)
    expect(error).toMatchObject({ message, exitCode: 2 })
    expect(existsSync(options.dir)).toBe(false)
  })

  it('refuses a folder that cannot be written', async () => {
    const file = join(optionsOf().dir, '..', 'a file')
    writeFileSync(file, '')
    const error = await train(tinyConfig(), optionsOf({ dir: join(file, 'run') })).catch(e => e)
    expect(error).toBeInstanceOf(TrainError)
    expect(error.message).toMatch(
      /^Expected a run folder that can be written but received .*a file/,
    )
  })

  it('holds the same number of tensors after every epoch', async () => {
    const counts: number[] = []
    const onEvent = (event: TrainEvent) => {
      if (event.kind !== 'epoch') return
      collectGarbage()
      counts.push(liveTensors().tensors)
    }
    await train(tinyConfig({ epochs: 4, clip: { kind: 'agc' } }), optionsOf({ onEvent }))
    expect(counts).toHaveLength(4)
    expect(new Set(counts.slice(1)).size).toBe(1)
  })
})
