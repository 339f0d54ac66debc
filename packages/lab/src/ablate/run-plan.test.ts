import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EndLine, isRun } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { parsePlan } from '../config/plan.ts'
import { folderForTests } from '../folder.test.util.ts'
import { writeRecord } from './record.test.util.ts'
import { type PlanEvent, runPlan } from './run-plan.ts'
import type { Trainer } from './trainer.ts'

const folder = folderForTests()
const newFolder = () => mkdtempSync(join(folder, 'plan-'))

const model = { model: 'm', parameters: 1 }

const plan = parsePlan({
  name: 'test plan',
  base: { model: 'resnet20' },
  runs: [{ name: 'batch norm' }, { name: 'no norm', model: 'resnet20_nonorm' }],
  seeds: [0, 1],
})

/** A trainer that writes a run record with the given end and trains nothing. */
function recorder(status: EndLine['status'] | 'killed' = 'completed') {
  const trained: string[] = []
  const resumed: string[] = []
  const train: Trainer = async (config, options) => {
    const { dir, name, resume, onEvent } = options
    if (resume && isRun(dir)) resumed.push(`${name} ${config.seed}`)
    writeRecord(config, options, status === 'killed' ? undefined : status)
    trained.push(`${name} ${config.seed}`)
    if (status === 'killed') throw new TypeError('killed')
    onEvent?.({ kind: 'end', status })
    return { dir, status, testAccuracy: 0.5 }
  }
  return { train, trained, resumed }
}

describe('runPlan', () => {
  it('trains every run in its own folder, in order, and says so', async () => {
    const outDir = newFolder()
    const events: PlanEvent[] = []
    const { train, trained } = recorder()
    const summary = await runPlan(plan, {
      outDir,
      train,
      command: 'c',
      onEvent: event => events.push(event),
    })
    expect(trained).toEqual(['batch norm 0', 'batch norm 1', 'no norm 0', 'no norm 1'])
    expect(summary.status).toBe('completed')
    expect(readdirSync(outDir)).toHaveLength(4)
    expect(summary.runs[1]!.id).toMatch(/^batch-norm-s1-[0-9a-f]{8}$/)
    expect(events.slice(0, 3).map(({ kind }) => kind)).toEqual([
      'runStart',
      'runProgress',
      'runEnd',
    ])
  })

  it('does not train again what completed or diverged', async () => {
    const outDir = newFolder()
    await runPlan(plan, { outDir, train: recorder('diverged').train, command: 'c' })
    const { train, trained } = recorder()
    const summary = await runPlan(plan, { outDir, train, command: 'c' })
    expect(trained).toEqual([])
    expect(summary.runs.map(({ summary: { status } }) => status)).toEqual(Array(4).fill('diverged'))
  })

  it('goes on with a run that was killed, in its folder', async () => {
    const outDir = newFolder()
    const attempt = () => runPlan(plan, { outDir, train: recorder('killed').train, command: 'c' })
    await expect(attempt()).rejects.toThrow('killed')
    await expect(attempt()).rejects.toThrow('killed')
    const { train, trained, resumed } = recorder()
    const summary = await runPlan(plan, { outDir, train, command: 'c' })
    expect(resumed).toEqual(['batch norm 0'])
    expect(trained).toHaveLength(4)
    expect(readdirSync(outDir).toSorted()).toEqual(summary.runs.map(({ id }) => id).toSorted())
  })

  it('sets a folder aside in which no run was begun', async () => {
    const outDir = newFolder()
    const first = await runPlan(plan, { outDir, train: recorder().train, command: 'c' })
    const other = newFolder()
    const { id } = first.runs[0]!
    mkdirSync(join(other, id))
    writeFileSync(join(other, id, 'notes.txt'), 'mine')
    await runPlan(plan, { outDir: other, train: recorder().train, command: 'c' })
    expect(readFileSync(join(other, `${id}.interrupted-1`, 'notes.txt'), 'utf8')).toBe('mine')
  })

  it('refuses a folder that holds another configuration, and leaves it as it is', async () => {
    const outDir = newFolder()
    const first = await runPlan(plan, { outDir, train: recorder().train, command: 'c' })
    const header = join(first.runs[0]!.dir, 'run.json')
    const changed = readFileSync(header, 'utf8').replace('"epochs": 15', '"epochs": 16')
    writeFileSync(header, changed)
    await expect(
      runPlan(plan, { outDir, train: recorder().train, command: 'c' }),
    ).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/another configuration/),
    })
    expect(readFileSync(header, 'utf8')).toBe(changed)
  })

  it('gives another configuration another folder', async () => {
    const outDir = newFolder()
    await runPlan(plan, { outDir, train: recorder().train, command: 'c' })
    const longer = parsePlan({ ...plan, base: { ...plan.base, epochs: 16 } })
    await runPlan(longer, { outDir, train: recorder().train, command: 'c' })
    expect(readdirSync(outDir)).toHaveLength(8)
  })

  it('stops after an interrupted run, and before the first when aborted already', async () => {
    const outDir = newFolder()
    const { train, trained } = recorder('interrupted')
    const summary = await runPlan(plan, { outDir, train, command: 'c' })
    expect(summary).toMatchObject({ status: 'interrupted', runs: [{ name: 'batch norm' }] })
    const signal = AbortSignal.abort()
    expect(await runPlan(plan, { outDir, train, command: 'c', signal })).toEqual({
      status: 'interrupted',
      runs: [],
    })
    expect(trained).toEqual(['batch norm 0'])
  })

  it('stops the other runs when one throws, and throws that when they have ended', async () => {
    const ended: string[] = []
    const train: Trainer = async (_, { dir, name, signal, onEvent }) => {
      onEvent?.({ kind: 'start', totalSteps: 1, stepsPerEpoch: 1, step: 0, ...model })
      if (name === 'no norm') throw new TypeError('broken')
      await new Promise<void>(resolve => signal!.addEventListener('abort', () => resolve()))
      await sleep(20)
      ended.push(name)
      return { dir, status: 'interrupted', testAccuracy: Number.NaN }
    }
    const options = { outDir: newFolder(), train, command: 'c', jobs: 3 }
    await expect(runPlan(plan, options)).rejects.toThrow('broken')
    expect(ended).toEqual(['batch norm', 'batch norm'])
  })

  it('is interrupted as a whole when one of its runs is', async () => {
    const train: Trainer = async (_, { dir, name, signal, onEvent }) => {
      onEvent?.({ kind: 'start', totalSteps: 1, stepsPerEpoch: 1, step: 0, ...model })
      while (name === 'batch norm' && !signal!.aborted) await sleep(1)
      return { dir, status: 'interrupted', testAccuracy: Number.NaN }
    }
    const { status, runs } = await runPlan(plan, {
      ...{ outDir: newFolder(), train, command: 'c', jobs: 3 },
    })
    expect(status).toBe('interrupted')
    expect(runs.map(({ index }) => index)).toEqual([0, 1, 2])
  })
})
