// A writer in another process, killed or read while it writes: what the format promises.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRun } from './header.ts'
import { openMetrics } from './metrics.ts'
import { readRun } from './read.ts'
import { headerOf, stepOf, temporaryFolder } from './testing.ts'

// Steps 1, 2, 3, ... as fast as they can be written, until it is killed.
const WRITER = `
  const { openMetrics } = await import(process.argv[1])
  const metrics = openMetrics(process.argv[2])
  for (let step = 1; ; step += 1)
    metrics.append({ kind: 'step', step, epoch: 1, loss: 1 / step, lr: 0.1, gradNorm: step })
`

function startWriter(dir: string): ChildProcess {
  const module = new URL('./metrics.js', import.meta.url).href
  const writer = spawn(process.execPath, ['--input-type=module', '-e', WRITER, module, dir])
  onTestFinished(() => void writer.kill('SIGKILL'))
  return writer
}

async function waitForLines(dir: string, count: number): Promise<void> {
  const file = join(dir, 'metrics.jsonl')
  while (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length <= count) {
    await sleep(5)
  }
}

const countTo = (length: number) => Array.from({ length }, (_, index) => index + 1)

describe('a run whose process is killed', () => {
  it('keeps every whole line, and goes on after the last of them', async () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf())
    const writer = startWriter(dir)
    await waitForLines(dir, 200)
    writer.kill('SIGKILL')
    await once(writer, 'exit')

    const whole = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').split('\n').length - 1
    const killed = readRun(dir)
    expect(whole).toBeGreaterThanOrEqual(200)
    expect(killed.steps.map(line => line.step)).toEqual(countTo(whole))
    expect(killed.end).toBeNull()

    const metrics = openMetrics(dir)
    metrics.append(stepOf(whole + 1))
    metrics.close()
    expect(readRun(dir).steps.map(line => line.step)).toEqual(countTo(whole + 1))
  })
})

describe('a run that is read while it is written', () => {
  it('is always a whole beginning of what is written', async () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf())
    startWriter(dir)
    await waitForLines(dir, 1)
    let last = 0
    for (let read = 0; read < 5; read += 1) {
      const steps = readRun(dir).steps.map(line => line.step)
      expect(steps).toEqual(countTo(steps.length))
      expect(steps.length).toBeGreaterThanOrEqual(last)
      last = steps.length
    }
    expect(last).toBeGreaterThan(0)
  })
})
