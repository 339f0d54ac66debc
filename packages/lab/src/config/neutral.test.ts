import { describe, expect, it } from 'vitest'
import { parseRunConfig } from './load.ts'
import { decisive, differences } from './neutral.ts'

describe('decisive', () => {
  const config = parseRunConfig({ model: 'resnet20' })

  it('leaves out what changes no number, and blocks that are empty then', () => {
    const other = parseRunConfig({
      ...{ model: 'resnet20', workers: 3 },
      ...{ checkpoint: { everySteps: 5 }, watch: { signalEvery: 10 } },
    })
    expect(decisive(other)).toEqual(decisive(config))
    expect(decisive(config)).toMatchObject({ model: 'resnet20', optimizer: { lr: 0.1 } })
  })

  it('keeps what is done about a run that diverges', () => {
    const other = parseRunConfig({ model: 'resnet20', watch: { signalEvery: 10, rollback: {} } })
    expect(differences(decisive(other), decisive(config))).toEqual(['watch'])
    expect(decisive(other).watch).toEqual({ rollback: { max: 3, lrFactor: 0.5 } })
  })
})

describe('differences', () => {
  it('names the settings that differ, wherever they are', () => {
    const a = { lr: 1, clip: { kind: 'agc', exclude: ['fc'] }, gone: true }
    const b = { clip: { exclude: ['fc', 'x'], kind: 'agc' }, lr: 2 }
    expect(differences(a, b)).toEqual(['lr', 'clip.exclude', 'gone'])
    expect(differences(a, structuredClone(a))).toEqual([])
  })
})
