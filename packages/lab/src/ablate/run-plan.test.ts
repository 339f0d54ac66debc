import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRun, type EndLine, isRun, openMetrics, type RunConfigJson } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { parsePlan } from '../config/plan.ts'
import type { ImageData } from '../data/types.ts'
import { folderForTests } from '../folder.test.util.ts'
import { type PlanEvent, runPlan } from './run-plan.ts'
import type { Trainer } from './trainer.ts'

const folder = folderForTests()
const newFolder = () => mkdtempSync(join(folder, 'plan-'))

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
  const train: Trainer = async (config, { dir, name, command, resume, onEvent }) => {
    if (resume && isRun(dir)) resumed.push(`${name} ${config.seed}`)
    else
      createRun(dir, {
        format: 1,
        id: 'id',
        name,
        seed: config.seed,
        created: '2026-01-01T00:00:00Z',
        command,
        config: config as unknown as RunConfigJson,
        environment: {},
        model: { name: config.model, parameters: 1 },
      })
    const metrics = openMetrics(dir)
    if (status !== 'killed') metrics.append({ kind: 'end', status, seconds: 1 })
    metrics.close()
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

  it('loads data once for runs that share it', async () => {
    const loaded: string[] = []
    const loadData = async (uri: string) => {
      loaded.push(uri)
      return { name: uri } as ImageData
    }
    const { train } = recorder()
    await runPlan(plan, { outDir: newFolder(), train, command: 'c', loadData })
    expect(loaded).toEqual(['synthetic'])
  })
})
