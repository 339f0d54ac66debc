import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expandPlan, parsePlan } from '../config/plan.ts'
import { folderForTests } from '../folder.test.util.ts'
import { keepCrash } from './crash.ts'
import { withLock } from './lock.ts'
import { runState } from './plan-state.ts'
import { writeRecord } from './record.test.util.ts'

const folder = folderForTests()
const [{ config }] = expandPlan(parsePlan({ name: 'p', base: { model: 'resnet20' } })) as [
  ReturnType<typeof expandPlan>[number],
]

/** A run folder with that end. */
function runWith(status?: 'completed' | 'diverged' | 'interrupted'): string {
  const dir = join(mkdtempSync(join(folder, 'state-')), 'run')
  writeRecord(config, { dir, name: 'p', command: 'c' }, status)
  return dir
}

describe('runState', () => {
  it('knows runs that ended, were stopped, were killed, and never were', () => {
    expect(runState(runWith('completed'))).toBe('done')
    expect(runState(runWith('diverged'))).toBe('done')
    expect(runState(runWith('interrupted'))).toBe('interrupted')
    expect(runState(runWith())).toBe('interrupted')
    expect(runState(join(folder, 'absent'))).toBe('new')
    mkdirSync(join(folder, 'empty'))
    expect(runState(join(folder, 'empty'))).toBe('new')
  })

  it('takes a run for crashed until it ends, whether or not it has a folder', () => {
    const dir = runWith()
    keepCrash(dir, 'why', [])
    expect(runState(dir)).toBe('crashed')
    const finished = runWith('completed')
    keepCrash(finished, 'why', [])
    expect(runState(finished)).toBe('done')
    keepCrash(join(folder, 'nothing'), 'why', [])
    expect(runState(join(folder, 'nothing'))).toBe('crashed')
  })

  it('sees that a process trains there', async () => {
    const dir = runWith()
    await withLock(dir, async () => expect(runState(dir)).toBe('running'))
    expect(runState(dir)).toBe('interrupted')
  })
})
