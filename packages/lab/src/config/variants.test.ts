import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { expandPlan, loadPlan, parsePlan } from './plan.ts'

const folder = folderForTests()

/** The names of the variants of a plan over model `a`. */
const namesOf = (plan: object) =>
  expandPlan(parsePlan({ name: 'p', base: { model: 'a' }, ...plan })).map(({ name }) => name)

async function complaints(text: string, set: string[] = []): Promise<string[]> {
  const file = join(folder, 'plan.yaml')
  writeFileSync(file, `name: p\nbase: {model: a}\n${text}\n`)
  const error = await loadPlan(file, { set }).catch(error => error)
  expect(error).toMatchObject({ name: 'ConfigError' })
  return error.message.replaceAll(`${folder}/`, '').split('\n')
}

const sweep = { batchSize: [128, 1024], 'clip.factor': [0.01, 0.16] }

describe('exclude', () => {
  it('leaves out the combinations that have all settings of an entry', () => {
    const base = { model: 'a', clip: { kind: 'agc' } }
    const exclude = [{ batchSize: 1024, 'clip.factor': 0.16 }]
    expect(namesOf({ base, grid: sweep, exclude })).toEqual([
      'batchSize 128, clip.factor 0.01',
      'batchSize 128, clip.factor 0.16',
      'batchSize 1024, clip.factor 0.01',
    ])
  })

  it('knows runs by name, nested settings, and defaults that nobody wrote', () => {
    const runs = [{ name: 'x' }, { name: 'y', clip: { kind: 'agc' } }, { name: 'z', model: 'b' }]
    const grid = { batchSize: [128, 1024] }
    const exclude = [
      { name: 'x', batchSize: 1024 },
      { clip: { kind: 'agc', factor: 0.01 } },
      { model: 'b', clip: { kind: 'none' }, batchSize: 128 },
    ]
    expect(namesOf({ runs, grid, exclude })).toEqual(['x, batchSize 128', 'z, batchSize 1024'])
  })

  it('saves combinations that would not be valid', () => {
    const grid = { 'clip.kind': ['norm', 'agc'], 'clip.factor': [0.01, 0.16] }
    expect(namesOf({ grid, exclude: [{ 'clip.kind': 'norm' }] })).toEqual([
      'clip.kind agc, clip.factor 0.01',
      'clip.kind agc, clip.factor 0.16',
    ])
  })
})

describe('when', () => {
  it('varies a key only where its condition holds, and makes no run twice', () => {
    const grid = { 'clip.kind': ['none', 'agc'], 'clip.factor': [0.01, 0.16] }
    const runs = expandPlan(
      parsePlan({
        name: 'p',
        base: { model: 'a' },
        grid,
        when: { 'clip.factor': { 'clip.kind': 'agc' } },
        seeds: [0, 1],
      }),
    )
    expect(runs.map(({ name, seed, config }) => [name, seed, config.clip])).toEqual([
      ['clip.kind none', 0, { kind: 'none' }],
      ['clip.kind none', 1, { kind: 'none' }],
      ...[0.01, 0.16].flatMap(factor =>
        [0, 1].map(seed => [
          `clip.kind agc, clip.factor ${factor}`,
          seed,
          expect.objectContaining({ kind: 'agc', factor }),
        ]),
      ),
    ])
  })

  it('may name the run, and holds whatever the order of the keys', () => {
    const runs = [{ name: 'x' }, { name: 'y', clip: { kind: 'agc' } }]
    const grid = { 'clip.factor': [0.01, 0.16], batchSize: [8, 16] }
    expect(namesOf({ runs, grid, when: { 'clip.factor': { name: 'y' } } })).toEqual([
      ...['x, batchSize 8', 'x, batchSize 16'],
      ...['y, clip.factor 0.01, batchSize 8', 'y, clip.factor 0.01, batchSize 16'],
      ...['y, clip.factor 0.16, batchSize 8', 'y, clip.factor 0.16, batchSize 16'],
    ])
  })
})

describe('include', () => {
  it('adds variants beside the grid, over the base, with every seed and every --set', async () => {
    const file = join(folder, 'include.yaml')
    const grid = 'grid: {batchSize: [8, 16]}\ninclude: [{name: large, batchSize: 512, model: b}]'
    writeFileSync(file, `name: p\nbase: {model: a}\n${grid}\nseeds: [0, 1]\n`)
    const runs = expandPlan(await loadPlan(file, { set: ['epochs=3'] }))
    expect(runs.map(({ name, seed }) => `${name} / ${seed}`).slice(3)).toEqual([
      'batchSize 16 / 1',
      'large / 0',
      'large / 1',
    ])
    expect(runs.at(-1)!.config).toMatchObject({ model: 'b', batchSize: 512, epochs: 3 })
  })

  it('may be all that there is', () => {
    expect(namesOf({ include: [{ name: 'x' }, { name: 'y', model: 'b' }] })).toEqual(['x', 'y'])
  })
})

describe('a plan with conditions', () => {
  it.each([
    [
      'an entry of exclude that no run has',
      'grid: {batchSize: [8, 16]}\nexclude: [{batchSize: 32}]',
      /^plan\.yaml:4:11: exclude\[0\]: expected settings that a run of the plan has but there is none/,
    ],
    [
      'an empty entry of exclude',
      'grid: {batchSize: [8, 16]}\nexclude: [{}]',
      /exclude\[0\]: expected at least one setting/,
    ],
    [
      'an exclude that leaves nothing',
      'exclude: [{model: a}]',
      /^plan\.yaml:1:1: exclude: expected at least one run but it leaves out all/,
    ],
    [
      'a condition of a key that does not vary',
      'grid: {batchSize: [8, 16]}\nwhen: {epochs: {batchSize: 8}}',
      /^plan\.yaml:4:8: when\.epochs: expected a key of the grid \(batchSize\)/,
    ],
    [
      'a condition that never holds',
      'grid: {batchSize: [8, 16]}\nwhen: {batchSize: {model: b}}',
      /^plan\.yaml:4:8: when\.batchSize: expected settings that a run of the plan has/,
    ],
    [
      'runs of the same settings',
      'runs: [{name: x}, {name: y, epochs: 15}]',
      /^plan\.yaml:3:20: name: expected different settings but "x" and "y" have the same/,
    ],
    [
      'an included run that the grid makes too',
      'grid: {batchSize: [8, 16]}\ninclude: [{name: y, batchSize: 8}]',
      /^plan\.yaml:4:12: name: expected different settings but "batchSize 8" and "y"/,
    ],
    ['a seed to exclude', 'exclude: [{seed: 3}]', /^plan\.yaml:3:12: seed: .*in `seeds` instead/],
    ['an exclude that is no list', 'exclude: {seed: 3}', /exclude: expected a list/],
  ])('refuses %s in one line', async (_, text, message) => {
    const lines = await complaints(text)
    expect(lines[0]).toMatch(message)
    expect(lines).toHaveLength(1)
  })

  it('says what is wrong with a run before it says that a condition is not met', async () => {
    const lines = await complaints('runs: [{name: x, batchSize: 0}]\nexclude: [{epochs: 2}]')
    expect(lines).toEqual([
      expect.stringMatching(/^plan\.yaml:3:18: batchSize: expected an integer/),
    ])
  })
})
