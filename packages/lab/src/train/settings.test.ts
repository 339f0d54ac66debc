import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRun } from '@normfree/runs'
import { loadSafetensors } from '@normfree/torch'
import { afterAll, describe, expect, it } from 'vitest'
import type { Settings } from '../config/schema.ts'
import { TrainError } from './errors.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import { train } from './train.ts'

const parent = mkdtempSync(join(tmpdir(), 'normfree-settings-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))
let runs = 0

async function runOf(settings: Settings) {
  const dir = join(parent, `run-${runs++}`)
  const config = tinyConfig({ model: 'resnet20_nonorm', epochs: 2, batchSize: 32, ...settings })
  const options = { dir, name: 'tiny', command: 'a test', data: tinyData() }
  const summary = await train(config, options)
  return { summary, record: readRun(dir) }
}

describe('a run with everything that a recipe may lay around the update', () => {
  it('records the averaged weights beside the raw ones, and the shares of clipped units', async () => {
    const { summary, record } = await runOf({
      optimizer: { kind: 'adamw', lr: 2e-3, lrBatch: 64 },
      schedule: { kind: 'constant', warmupEpochs: 0 },
      ...{ ema: { decay: 0.9 }, lookahead: { k: 2 }, accumulate: 2 },
      clip: { kind: 'agc', factor: 0.01, reading: 'timm' },
      progressive: [{ until: 0.5, resolution: 6 }],
    })
    expect(summary.status).toBe('completed')
    expect(record.epochs).toHaveLength(2)
    for (const { testLoss, emaLoss, emaAccuracy } of record.epochs) {
      expect(emaLoss).toBeGreaterThan(0)
      expect(emaLoss).not.toBe(testLoss)
      expect(emaAccuracy).toBeGreaterThanOrEqual(0)
    }
    const average = loadSafetensors(join(summary.dir, 'weights.ema.safetensors'))
    const weights = loadSafetensors(join(summary.dir, 'weights.safetensors'))
    expect([...average.keys()]).toEqual([...weights.keys()])
    expect(average.get('fc.weight')?.toArray()).not.toEqual(weights.get('fc.weight')?.toArray())
    expect(record.steps.every(({ lr }) => lr === 1e-3)).toBe(true)
    expect(record.steps.some(({ clipFraction }) => clipFraction! > 0)).toBe(true)
  })

  it.each<[Settings, string]>([
    [
      { clip: { kind: 'agc', exclude: ['head'] } },
      'Expected names of modules or parameters for `clip.exclude` but received "head", which the model does not have. Its last parameters are fc.weight and fc.bias.',
    ],
    [
      { precision: 'float16' },
      'Expected float32, bfloat16 or auto for `precision` on the CPU but received float16, which its autocast does not have.',
    ],
  ])('refuses %j before anything is written', async (settings, message) => {
    const error = await runOf(settings).catch(caught => caught)
    expect(error).toBeInstanceOf(TrainError)
    expect(error.message).toBe(message)
  })
})
