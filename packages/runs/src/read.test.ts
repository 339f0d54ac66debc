import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRun } from './header.ts'
import { openMetrics } from './metrics.ts'
import { listRuns, readRun } from './read.ts'
import { epochOf, headerOf, stepOf, temporaryFolder } from './testing.ts'

describe('readRun', () => {
  it('sorts the lines by kind and keeps their order', () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf())
    const metrics = openMetrics(dir)
    for (const line of [stepOf(1), epochOf(1), stepOf(2), epochOf(2)]) metrics.append(line)
    const event = { kind: 'event', step: 2, event: 'resume', message: 'goes on' } as const
    metrics.append(event)
    metrics.append({ kind: 'end', status: 'completed', seconds: 3 })
    metrics.close()
    expect(readRun(dir)).toEqual({
      header: headerOf(),
      steps: [stepOf(1), stepOf(2)],
      epochs: [epochOf(1), epochOf(2)],
      signals: [],
      events: [event],
      end: { kind: 'end', status: 'completed', seconds: 3 },
    })
  })

  it('takes a run that was interrupted and went on for one that has not ended', () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf())
    const metrics = openMetrics(dir)
    metrics.append({ kind: 'end', status: 'interrupted', seconds: 3 })
    metrics.append(stepOf(2))
    metrics.close()
    expect(readRun(dir).end).toBeNull()
  })
})

describe('listRuns', () => {
  it('finds the runs of a tree, sorted, without folders that hold none', () => {
    const dir = temporaryFolder()
    for (const run of ['plan/b', 'plan/a', 'alone']) createRun(join(dir, run), headerOf())
    mkdirSync(join(dir, 'empty'))
    writeFileSync(join(dir, 'notes.txt'), '')
    symlinkSync(dir, join(dir, 'loop'))
    expect(listRuns(dir)).toEqual(['alone', 'plan/a', 'plan/b'].map(run => join(dir, run)))
  })

  it('takes a run folder for itself', () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf())
    expect(listRuns(dir)).toEqual([dir])
  })

  it('refuses a folder that is not there', () => {
    expect(() => listRuns('/no/such/folder')).toThrow('received /no/such/folder')
  })
})
