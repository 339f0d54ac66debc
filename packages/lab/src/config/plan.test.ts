import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { expandPlan, loadPlan, parsePlan } from './plan.ts'

const folder = folderForTests()

const planFile = (text: string) => {
  const file = join(folder, 'plan.yaml')
  writeFileSync(file, text)
  return file
}

const complaints = async (text: string, set: string[] = []) => {
  const error = await loadPlan(planFile(text), { set }).catch(error => error)
  expect(error.exitCode).toBe(2)
  return error.message.replaceAll(`${folder}/`, '').split('\n')
}

describe('expandPlan', () => {
  it('makes runs x grid x seeds, seeds fastest', () => {
    const plan = parsePlan({
      name: 'p',
      base: { model: 'a', clip: { kind: 'agc' } },
      runs: [{ name: 'x' }, { name: 'y', model: 'b' }],
      grid: { batchSize: [32, 64], 'clip.factor': [0.01] },
      seeds: [0, 7],
    })
    const runs = expandPlan(plan)
    expect(runs.map(({ name, seed }) => `${name} / ${seed}`)).toEqual([
      'x, batchSize 32, clip.factor 0.01 / 0',
      'x, batchSize 32, clip.factor 0.01 / 7',
      'x, batchSize 64, clip.factor 0.01 / 0',
      'x, batchSize 64, clip.factor 0.01 / 7',
      'y, batchSize 32, clip.factor 0.01 / 0',
      'y, batchSize 32, clip.factor 0.01 / 7',
      'y, batchSize 64, clip.factor 0.01 / 0',
      'y, batchSize 64, clip.factor 0.01 / 7',
    ])
    expect(runs[3]!.config).toMatchObject({ model: 'a', batchSize: 64, seed: 7 })
    expect(runs[4]!.config.model).toBe('b')
  })

  it('names the only variant after the plan, and grid variants after their values', () => {
    expect(expandPlan(parsePlan({ name: 'p', base: { model: 'a' } }))).toMatchObject([
      { name: 'p', seed: 0 },
    ])
    const grid = parsePlan({ name: 'p', base: { model: 'a' }, grid: { batchSize: [8] } })
    expect(expandPlan(grid)[0]!.name).toBe('batchSize 8')
  })

  it('lays the run over the base, key by key, but replaces clipping of another kind', () => {
    const plan = parsePlan({
      name: 'p',
      base: { model: 'a', optimizer: { lr: 0.1, momentum: 0.8 }, clip: { kind: 'norm', max: 2 } },
      runs: [{ name: 'x', 'optimizer.lr': 0.5, clip: { kind: 'agc', factor: 0.02 } }],
    })
    const { optimizer, clip } = expandPlan(plan)[0]!.config
    expect(optimizer).toMatchObject({ lr: 0.5, momentum: 0.8 })
    expect(clip).toMatchObject({ kind: 'agc', factor: 0.02 })
  })
})

describe('loadPlan', () => {
  it('lays --set over the base and over every run, and replaces the seeds', async () => {
    const text = 'name: p\nbase: {model: a, epochs: 9}\nruns:\n  - {name: x, optimizer.lr: 0.5}\n'
    const plan = await loadPlan(planFile(text), { set: ['epochs=2', 'optimizer.lr=2'], seeds: [4] })
    const [run] = expandPlan(plan)
    expect(run).toMatchObject({ seed: 4, config: { epochs: 2, optimizer: { lr: 2 }, seed: 4 } })
  })

  it('points at the key in the base, the run or the grid that is wrong', async () => {
    const text = `name: p
base:
  model: a
  batchSize: 0
runs:
  - name: x
    optimizer.lr: fast
  - name: y
    modle: b
grid:
  optimizer.momentum: [0.9, 2]
`
    expect(await complaints(text)).toEqual([
      'plan.yaml:4:3: batchSize: expected an integer >= 1 and <= 65536 but received 0',
      'plan.yaml:7:5: optimizer.lr: expected a number > 0 but received "fast"',
      'plan.yaml:9:5: modle: unknown key. Did you mean model?',
      'plan.yaml:11:29: optimizer.momentum: expected a number >= 0 and < 1 but received 2',
    ])
  })

  it.each([
    ['a repeated name', 'runs: [{name: x}, {name: x}]', /^plan\.yaml:3:20: name: .*"x" twice/],
    ['a repeated grid value', 'grid: {batchSize: [8, 8]}', /^plan\.yaml:3:23: name: .*twice/],
    ['an empty grid', 'grid: {}', /^plan\.yaml:3:1: grid: expected at least one key to vary/],
    ['an empty list', 'grid: {batchSize: []}', /^plan\.yaml:3:8: grid\.batchSize: expected a list/],
    ['a grid key without a list', 'grid: {batchSize: 8}', /expected a list .* but received 8/],
    ['no runs', 'runs: []', /^plan\.yaml:3:1: runs: expected a list with at least one item/],
    [
      'a run without a name',
      'runs: [{epochs: 1}]',
      /^plan\.yaml:3:8: runs\[0\]\.name: expected text/,
    ],
    ['a repeated seed', 'seeds: [1, 1]', /^plan\.yaml:3:12: seeds: .* 1 twice/],
    ['a negative seed', 'seeds: [-1]', /^plan\.yaml:3:9: seeds\[0\]: expected an integer >= 0/],
    [
      'a seed in a run',
      'runs: [{name: x, seed: 3}]',
      /^plan\.yaml:3:18: seed: .*in `seeds` instead/,
    ],
    ['an unknown key', 'sedes: [1]', /^plan\.yaml:3:1: sedes: unknown key\. Did you mean seeds\?$/],
    ['an unknown grid key', 'grid: {bathSize: [8]}', /^plan\.yaml:3:19: bathSize: unknown key/],
  ])('refuses %s', async (_, line, message) => {
    const lines = await complaints(`name: p\nbase: {model: a}\n${line}\n`)
    expect(lines[0]).toMatch(message)
    expect(lines).toHaveLength(1)
  })

  it('refuses an unknown model where it is named', async () => {
    const text = 'name: p\nruns:\n  - {name: x, model: resnet2}\n'
    await expect(loadPlan(planFile(text), { models: ['resnet20'] })).rejects.toThrow(
      /:3:15: model: expected the name of a model but received "resnet2"\. Did you mean resnet20\?$/,
    )
  })

  it('refuses --set of a key that the grid varies', async () => {
    const text = 'name: p\nbase: {model: a}\ngrid: {batchSize: [8, 16]}\n'
    expect(await complaints(text, ['batchSize=4'])).toEqual([
      '--set: batchSize: the grid of the plan varies this key. Change the plan instead.',
    ])
  })

  it('refuses a plan of more than 10000 runs without making them', async () => {
    const numbers = `[${Array.from({ length: 200 }, (_, i) => i + 2).join(', ')}]`
    const text = `name: p\nbase: {model: a}\ngrid: {epochs: ${numbers}, batchSize: ${numbers}, "augment.crop": ${numbers}}\n`
    expect(await complaints(text)).toEqual([
      'plan.yaml:1:1: expected at most 10000 runs but the plan makes 8000000',
    ])
  })
})
