import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRun, type SignalRecord } from '@normfree/runs'
import { rand } from '@normfree/torch'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { TrainEvent, TrainOptions } from '../ablate/trainer.ts'
import type { RunConfig, Settings } from '../config/schema.ts'
import { tinyConfig } from './fixtures.test.util.ts'
import { contentOf, optionsOf, stoppingAt, weightsFile } from './run-folder.test.util.ts'
import { train } from './train.ts'

// The signal at the start takes nine tenths of so small a run; what matters here is that it draws.
vi.mock('./signal.js', async load => ({
  ...(await load<object>()),
  signalAtInit: (): SignalRecord => ({ model: 'm', input: `${rand([]).item()}`, taps: [] }),
}))

const checkpoints = (dir: string): string[] => readdirSync(join(dir, 'checkpoints')).toSorted()

/** Trains until step `step`, then the rest in the same folder. */
async function trainInTwo(config: RunConfig, step: number): Promise<TrainOptions> {
  const options = stoppingAt(step)
  expect(await train(config, options)).toMatchObject({ status: 'interrupted' })
  const { signal: _, ...rest } = options
  expect(await train(config, { ...rest, resume: true })).toMatchObject({ status: 'completed' })
  return options
}

describe('a run that is interrupted and resumed', () => {
  const config = tinyConfig({
    modelOptions: { dropRate: 0.2, dropPathRate: 0.2 },
    augment: { crop: 1, flip: true, mix: { kind: 'timm', mixup: 0.8, cutmix: 1 } },
    ...{ clip: { kind: 'agc' }, ema: { decay: 0.9 } },
  })
  const whole = optionsOf()
  beforeAll(async () => void (await train(config, whole)), 60_000)

  it.each([
    [2, 'within an epoch'],
    [4, 'at the last step of an epoch'],
    [12, 'at the last step of all'],
  ])('ends as if it had not been stopped at step %d, %s', async step => {
    const { dir } = await trainInTwo(config, step)
    expect(contentOf(dir)).toEqual(contentOf(whole.dir))
    const { events, end } = readRun(dir)
    expect(events).toMatchObject([{ step, event: 'resume' }])
    expect(end?.status).toBe('completed')
  })

  it.each<[string, Settings]>([
    [
      'AdamW and a rate that waits for the score',
      {
        model: 'resnet20',
        optimizer: { kind: 'adamw', lr: 0.01 },
        schedule: { kind: 'plateau', warmupEpochs: 0, patience: 0, threshold: 0.9 },
      },
    ],
    ['Lookahead over LAMB', { optimizer: { kind: 'lamb' }, lookahead: { k: 4 } }],
  ])('ends as if it had not been stopped with %s', async (_, changes) => {
    const config = tinyConfig(changes)
    const whole = optionsOf()
    await train(config, whole)
    const { dir } = await trainInTwo(config, 6)
    expect(contentOf(dir)).toEqual(contentOf(whole.dir))
    const rates = readRun(dir).steps.map(({ lr }) => lr)
    expect(new Set(rates).size).toBeGreaterThan(1)
  })

  it('is left as it is once it has ended', async () => {
    const before = readFileSync(join(whole.dir, 'metrics.jsonl'), 'utf8')
    const notes: TrainEvent[] = []
    const onEvent = (event: TrainEvent) => notes.push(event)
    const summary = await train(config, { ...whole, resume: true, onEvent })
    expect(summary).toMatchObject({ status: 'completed', dir: whole.dir })
    expect(notes).toEqual([{ kind: 'note', message: expect.stringMatching(/ended already/) }])
    expect(readFileSync(join(whole.dir, 'metrics.jsonl'), 'utf8')).toBe(before)
  })

  it('begins where there is no run, and again where there is no checkpoint yet', async () => {
    const options = optionsOf({ resume: true })
    await train(config, { ...options, signal: AbortSignal.abort() })
    const again = await train(config, options)
    expect(again.status).toBe('completed')
    expect(contentOf(options.dir)).toEqual(contentOf(whole.dir))
  })

  it('goes on from the checkpoint before one that is damaged, and says so', async () => {
    const options = stoppingAt(7)
    const { signal: _, ...rest } = options
    const keeping = { ...config, checkpoint: { ...config.checkpoint, everySteps: 1, keepLast: 2 } }
    await train(keeping, options)
    const newest = checkpoints(options.dir).at(-1)!
    const file = join(options.dir, 'checkpoints', newest)
    const bytes = readFileSync(file)
    bytes[bytes.length - 5]! ^= 1
    writeFileSync(file, bytes)
    const notes: string[] = []
    const onEvent = (event: TrainEvent) => event.kind === 'note' && notes.push(event.message)
    await train(keeping, { ...rest, resume: true, onEvent })
    expect(notes).toEqual([
      expect.stringMatching(/damaged one .*step-00000007.* The one before it is used\.$/),
      'goes on from step-00000006.safetensors, after step 6',
    ])
    expect(contentOf(options.dir)).toEqual(contentOf(whole.dir))
    expect(readFileSync(`${file}.damaged`).equals(bytes)).toBe(true)
  })

  it('is left as it is when no checkpoint is whole', async () => {
    const options = stoppingAt(3)
    await train(config, options)
    const { signal: _, ...rest } = options
    const before = readFileSync(join(options.dir, 'metrics.jsonl'), 'utf8')
    for (const name of checkpoints(options.dir))
      writeFileSync(join(options.dir, 'checkpoints', name), 'nothing')
    const error = await train(config, { ...rest, resume: true }).catch(caught => caught)
    expect(error).toMatchObject({ name: 'CheckpointError', exitCode: 2 })
    expect(error.message).toMatch(/^Expected a whole checkpoint .* delete the folder to train from/)
    expect(readFileSync(join(options.dir, 'metrics.jsonl'), 'utf8')).toBe(before)
    expect(checkpoints(options.dir)).toEqual(['step-00000003.safetensors'])
  })

  it('is refused with another configuration, and nothing is changed', async () => {
    const options = stoppingAt(6)
    await train(config, options)
    const before = readFileSync(join(options.dir, 'metrics.jsonl'), 'utf8')
    const { signal: _, ...rest } = options
    const other = { ...config, labelSmoothing: 0.3 }
    await expect(train(other, { ...rest, resume: true })).rejects.toMatchObject({ exitCode: 2 })
    expect(readFileSync(join(options.dir, 'metrics.jsonl'), 'utf8')).toBe(before)
    // What changes no number may be another.
    const more = { ...config, workers: 2, checkpoint: { ...config.checkpoint, everySteps: 1 } }
    expect(await train(more, { ...rest, resume: true })).toMatchObject({ status: 'completed' })
    expect(contentOf(options.dir)).toEqual(contentOf(whole.dir))
  })
})

describe('checkpoints', () => {
  it('are kept for the newest and the best epoch', async () => {
    const options = optionsOf()
    const checkpoint = { every: 1, keepLast: 1, keepBest: 1 }
    await train({ ...tinyConfig(), checkpoint }, options)
    const { epochs } = readRun(options.dir)
    const scores = epochs.map(({ testAccuracy }) => testAccuracy)
    const best = scores.lastIndexOf(Math.max(...scores)) + 1
    const steps = [...new Set([best * 4, 12])].toSorted((a, b) => a - b)
    expect(checkpoints(options.dir)).toEqual(
      steps.map(step => `step-${String(step).padStart(8, '0')}.safetensors`),
    )
  })

  it('are saved within epochs when that is asked for', async () => {
    const options = stoppingAt(7)
    const checkpoint = { every: 1, everySteps: 3, keepLast: 9, keepBest: 0 }
    await train({ ...tinyConfig(), checkpoint }, options)
    expect(checkpoints(options.dir).map(name => Number(name.slice(5, 13)))).toEqual([3, 4, 6, 7])
    expect(existsSync(weightsFile(options.dir))).toBe(false)
  })
})
