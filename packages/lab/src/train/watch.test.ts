import {
  type EventLine,
  type MetricLine,
  readRun,
  type SignalLine,
  type SignalRecord,
} from '@normfree/runs'
import { describe, expect, it, vi } from 'vitest'
import type { Settings } from '../config/schema.ts'
import { batches } from '../data/batches.ts'
import { CollapseError, DivergedError } from './errors.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import { optionsOf, stoppingAt } from './run-folder.test.util.ts'
import { createSession, type Session } from './session.ts'
import { trainStep } from './step.ts'
import { train } from './train.ts'
import { createWatch } from './watch.ts'

// Not what is tested here, and slow.
vi.mock('./signal.js', async load => ({
  ...(await load<object>()),
  signalAtInit: (): SignalRecord => ({ model: 'm', input: 'none', taps: [] }),
}))

interface Watched {
  session: Session
  lines: MetricLine[]
  notes: string[]
  /** What ended the run before its last step. */
  error: unknown
  steps: number
}

/** Up to `steps` steps of a tiny run under watch. */
async function watched(
  changes: Settings,
  { steps, side, first = null }: { steps: number; side?: number; first?: SignalLine | null },
): Promise<Watched> {
  const data = tinyData(side)
  const session = createSession(tinyConfig({ epochs: 100, ...changes }), data)
  const { config, schedule } = session
  const result: Watched = { session, lines: [], notes: [], error: null, steps: 0 }
  const metrics = { append: (line: MetricLine) => void result.lines.push(line) }
  const watch = createWatch(session, { metrics, note: text => result.notes.push(text), first })
  const order = {
    batchSize: config.batchSize,
    seed: 0,
    augment: null,
    shuffle: true,
    dropLast: true,
  }
  try {
    for (let epoch = 1; ; epoch++)
      for await (const batch of batches(data, 'train', { ...order, epoch })) {
        if (result.steps === steps) return result
        watch.before(result.steps + 1, batch)
        const { clipFraction } = trainStep(session, batch, schedule.at(result.steps))
        watch.after(result.steps + 1, clipFraction)
        result.steps += 1
      }
  } catch (error) {
    result.error = error
    return result
  }
}

const signals = ({ lines }: Watched) =>
  lines.filter((line): line is SignalLine => line.kind === 'signal')
const alarms = ({ lines }: Watched) =>
  lines.filter((line): line is EventLine => line.kind === 'event')
const weights = ({ session }: Watched) =>
  [...session.model.stateDict()].map(([name, tensor]) => [
    name,
    Array.from(tensor.data() as Float32Array),
  ])

const constant = (lr: number): Settings => ({
  optimizer: { lr },
  schedule: { kind: 'constant', warmupEpochs: 0 },
})

describe('createWatch', () => {
  it('changes no bit of a run with batch norm, dropout and stochastic depth', async () => {
    const nets = { resnet20: { dropRate: 0.3 }, test_nfnet: { dropPathRate: 0.3, dropRate: 0.3 } }
    for (const [model, modelOptions] of Object.entries(nets)) {
      const settings = { model, modelOptions, batchSize: 4 }
      const size = { steps: 3, side: 32 }
      const plain = await watched(settings, size)
      const seen = await watched({ ...settings, watch: { signalEvery: 1 } }, size)
      expect(plain.error ?? seen.error).toBeNull()
      expect(signals(plain)).toHaveLength(0)
      expect(signals(seen)).toHaveLength(3)
      expect(weights(seen)).toEqual(weights(plain))
    }
  }, 60_000)

  it('measures the batch of every so many steps, before its update', async () => {
    const run = await watched({ watch: { signalEvery: 3 } }, { steps: 7 })
    expect(signals(run).map(({ when, step }) => [when, step])).toEqual([
      ...[
        ['step', 1],
        ['step', 4],
        ['step', 7],
      ],
    ])
    const [{ signal }] = signals(run) as [SignalLine]
    expect(signal).toMatchObject({ model: 'nf_resnet20', input: '16 training images' })
    expect(signal.taps).toHaveLength(10)
    for (const { deadFraction, spectralNorm, conditionNumber } of signal.taps) {
      expect(deadFraction).toBeGreaterThanOrEqual(0)
      expect(conditionNumber).toBeGreaterThan(1)
      expect(spectralNorm).toBeGreaterThan(0)
    }
  })

  it('raises no alarm for a run that learns', async () => {
    const healthy = { ...constant(0.05), watch: { signalEvery: 5, rollback: {} } }
    for (const model of ['nf_resnet20', 'resnet20']) {
      const run = await watched({ ...healthy, model }, { steps: 21 })
      expect(run.error).toBeNull()
      expect(run.notes).toEqual([])
    }
  }, 60_000)

  it.each([
    ['nf_resnet20', 10],
    ['fixup_resnet20', 5],
    ['resnet20_nonorm', 1],
  ])(
    'raises an alarm before %s diverges at a rate of %d',
    async (model, lr) => {
      const run = await watched(
        { model, ...constant(lr), watch: { signalEvery: 1 } },
        { steps: 30 },
      )
      expect(run.error).toBeInstanceOf(DivergedError)
      const [first] = alarms(run)
      expect(first!.step).toBeLessThan(run.steps)
      expect(first!.message).toMatch(/^(stem|layer\d\.\d): .*; .* may help$/)
      expect(run.notes[0]).toBe(`alarm in step ${first!.step + 1}: ${first!.message}`)
    },
    60_000,
  )

  it('asks to go back where that is configured, before the weights are touched again', async () => {
    const settings = { model: 'fixup_resnet20', ...constant(5) }
    const watch = { signalEvery: 1, rollback: {} }
    const run = await watched({ ...settings, watch }, { steps: 30 })
    expect(run.error).toBeInstanceOf(CollapseError)
    expect((run.error as Error).message).toBe(alarms(run)[0]!.message)
    expect(alarms(run)[0]!.step).toBe(run.steps)
    const whole = weights(run).flatMap(([, values]) => values as number[])
    expect(whole.every(value => Number.isFinite(value))).toBe(true)
  }, 60_000)

  it('compares with the first measurement of a run that it takes up', async () => {
    const watch = { signalEvery: 1 }
    const [first] = signals(await watched({ watch }, { steps: 1 }))
    const taps = first!.signal.taps.map(tap => ({ ...tap, channelVariance: 1e-6 }))
    const before: SignalLine = { ...first!, signal: { ...first!.signal, taps } }
    const run = await watched({ watch }, { steps: 1, first: before })
    expect(alarms(run)[0]!.message).toContain('stem: the variance rose from 0.000001 to')
  })

  it('tells of adaptive clipping that clips everything, and does not go back for it', async () => {
    const clip = { kind: 'agc', factor: 1e-9, exclude: [] }
    const watch = { signalEvery: 2, rollback: {} }
    const run = await watched({ model: 'resnet20', clip, watch }, { steps: 2 })
    expect(run.error).toBeNull()
    expect(alarms(run)).toHaveLength(1)
    expect(alarms(run)[0]!.message).toContain('of all units are clipped')
  })
})

describe('a run under watch', () => {
  it('goes back when its signal collapses, and completes at a lower rate', async () => {
    const options = optionsOf()
    const rollback = { max: 1, lrFactor: 0.01 }
    const settings = {
      model: 'fixup_resnet20',
      ...constant(5),
      watch: { signalEvery: 1, rollback },
    }
    const { status } = await train(tinyConfig(settings), options)
    expect(status).toBe('completed')
    const { events, steps } = readRun(options.dir)
    const kinds = events!.map(({ event }) => event)
    expect(kinds).toEqual([...kinds.slice(1).map(() => 'alarm'), 'rollback'])
    expect(events!.at(-1)!.message).toContain(events![0]!.message)
    expect(steps[0]!.lr).toBeCloseTo(0.05, 12)
  }, 60_000)

  it('has the same measurements when it is interrupted and resumed', async () => {
    const config = tinyConfig({ watch: { signalEvery: 2 } })
    const whole = optionsOf()
    await train(config, whole)
    const options = stoppingAt(5)
    await train(config, options)
    const { signal: _, ...rest } = options
    await train(config, { ...rest, resume: true })
    const measured = (dir: string) => readRun(dir).signals.filter(({ when }) => when === 'step')
    expect(measured(whole.dir).map(({ step }) => step)).toEqual([1, 3, 5, 7, 9, 11])
    expect(measured(options.dir)).toEqual(measured(whole.dir))
  }, 60_000)
})
