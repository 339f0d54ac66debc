// The program of a run's process in tests: trains nothing, and behaves as the name of its run says.
import { setTimeout as sleep } from 'node:timers/promises'
import { DataError } from '../data/errors.ts'
import { withLock } from './lock.ts'
import { writeRecord } from './record.test.util.ts'
import { serveRun } from './serve-run.ts'
import type { Trainer } from './trainer.ts'

const counts = { totalSteps: 1, stepsPerEpoch: 1, step: 0 }
const start = { kind: 'start', ...counts, model: 'm', parameters: 1 } as const
const ended = (dir: string, status: 'completed' | 'interrupted') =>
  ({ dir, status, testAccuracy: status === 'completed' ? 0.5 : Number.NaN }) as const

const train: Trainer = async (config, options) => {
  const { dir, name, onEvent } = options
  if (name === 'data') throw new DataError('Expected another path.\nA second line.')
  if (name === 'throw') throw new TypeError('Expected this alone.\nA second line.')
  if (name === 'disk') {
    const cause = Object.assign(new TypeError('no space left'), { code: 'ENOSPC' })
    throw new TypeError('Expected room.', { cause })
  }
  return withLock(dir, async () => {
    onEvent?.(start)
    return behave(config, options)
  })
}

const behave: Trainer = async (config, options) => {
  const { dir, name, signal } = options
  if (name === 'until stopped') {
    while (!signal?.aborted) await sleep(5)
    writeRecord(config, options, 'interrupted')
    return ended(dir, 'interrupted')
  }
  if (name === 'forever') await sleep(600_000)
  if (name === 'moment') await sleep(150)
  if (name === 'ok' || name === 'moment') {
    writeRecord(config, options, 'completed')
    return ended(dir, 'completed')
  }
  writeRecord(config, options)
  if (name === 'fault') {
    console.error('native code: bad address')
    process.kill(process.pid, 'SIGSEGV')
  }
  if (name === 'killed') process.kill(process.pid, 'SIGKILL')
  if (name === 'exit') process.exit(3)
  if (name === 'unhandled') setTimeout(() => Promise.reject(new RangeError('too far')), 1)
  return new Promise(() => {})
}

serveRun(train)
