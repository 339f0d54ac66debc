// Folders for the runs of tests, what is in them, and a stop at a given step; not part of the package.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricLine } from '@normfree/runs'
import { afterAll } from 'vitest'
import type { TrainEvent, TrainOptions } from '../ablate/trainer.ts'
import { tinyData } from './fixtures.test.util.ts'

const parent = mkdtempSync(join(tmpdir(), 'normfree-train-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))
let runs = 0

/** Options with a folder of their own. */
export const optionsOf = (changes: Partial<TrainOptions> = {}): TrainOptions => ({
  dir: join(parent, `run-${runs++}`),
  ...{ name: 'tiny', command: 'a test', data: tinyData() },
  ...changes,
})

export const weightsFile = (dir: string): string => join(dir, 'weights.safetensors')

export const metricLines = (dir: string): MetricLine[] =>
  readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

/** Metrics without events and what depends on the clock. */
export const timeless = (dir: string): unknown[] =>
  metricLines(dir)
    .filter(({ kind }) => kind !== 'event')
    .map(line => ({ ...line, seconds: 0, imagesPerSecond: 0, waitShare: 0 }))

/** Options that stop the run in its step number `step`. */
export function stoppingAt(
  step: number,
  changes: Partial<TrainOptions> = {},
): TrainOptions & { events: TrainEvent[] } {
  const controller = new AbortController()
  const events: TrainEvent[] = []
  const onEvent = (event: TrainEvent) => {
    events.push(event)
    if (event.kind === 'step' && event.step === step) controller.abort()
  }
  return { ...optionsOf({ ...changes, signal: controller.signal, onEvent }), events }
}

/** Everything that two equal runs have in common. */
export const contentOf = (dir: string) => ({
  weights: readFileSync(weightsFile(dir)).toString('base64'),
  metrics: timeless(dir),
})
