import { describe, expect, it } from 'vitest'
import { headerOf, runOf, sweepOf } from '../testing.ts'
import type { RunConfigJson, RunRecord } from '../types.ts'
import { analyzeFactors } from './analysis.ts'
import { factorsOf } from './factors.ts'
import { heatMapOf, sensitivities, stepsToScore } from './sweep.ts'

const withConfigs = (...configs: RunConfigJson[]): RunRecord[] =>
  configs.map((config, index) => runOf({ header: headerOf({ id: `${index}`, seed: 0, config }) }))

// The score falls with the logarithm of the batch size, rises a little with the factor's, and the
// largest batch diverges with the largest factor. The seed adds less than either.
const sweep = sweepOf({
  batchSizes: [32, 64, 128, 256, 512],
  factors: [0.01, 0.04, 0.16, 0.64],
  seeds: [0, 1, 2],
  score: (batchSize, factor, seed) =>
    batchSize === 512 && factor === 0.64
      ? null
      : 0.9 - 0.04 * Math.log2(batchSize / 32) + 0.005 * Math.log2(factor / 0.01) + 0.002 * seed,
})

describe('factorsOf', () => {
  it('finds the settings that differ, with their scales, and not the seed', () => {
    const { factors, derived } = factorsOf(sweep)
    expect(factors.map(({ key, kind, scale, levels }) => [key, kind, scale, levels])).toEqual([
      ['batchSize', 'number', 'log', [32, 64, 128, 256, 512]],
      ['clip.factor', 'number', 'log', [0.01, 0.04, 0.16, 0.64]],
    ])
    expect(derived).toEqual([])
  })

  it('calls settings that change together one factor', () => {
    const { factors } = factorsOf(
      withConfigs({ model: 'a', optimizer: { lr: 1 } }, { model: 'b', optimizer: { lr: 2 } }),
    )
    expect(factors.map(({ key, aliases, kind }) => [key, aliases, kind])).toEqual([
      ['model', ['optimizer.lr'], 'name'],
    ])
  })

  it('keeps apart what a setting depends on from what follows from it', () => {
    const configs = ['a', 'b'].flatMap(model =>
      [1, 2, 4].map(batchSize => ({ model, batchSize, lr: batchSize * (model === 'a' ? 1 : 3) })),
    )
    const { factors, derived } = factorsOf(withConfigs(...configs))
    expect(factors.map(({ key }) => key)).toEqual(['model', 'batchSize'])
    expect(derived).toEqual([{ key: 'lr', from: ['model', 'batchSize'] }])
  })

  it('takes a setting that follows from one other for no factor either', () => {
    const models = ['a', 'b', 'c'].flatMap(model =>
      [0, 1].map(() => ({ model, lr: model === 'a' ? 1 : 2 })),
    )
    const { factors, derived } = factorsOf(withConfigs(...models))
    expect(factors.map(({ key }) => key)).toEqual(['model'])
    expect(derived).toEqual([{ key: 'lr', from: ['model'] }])
  })

  it('lets no value of a random search explain the others', () => {
    const configs = [3, 1, 4, 1.5, 9, 2.6, 5, 3.5].map((lr, index) => ({
      lr,
      decay: (index * 5) % 8,
      eps: index % 3,
    }))
    expect(factorsOf(withConfigs(...configs)).factors).toHaveLength(3)
  })

  it('tells what is not set from what is, and flags and lists from numbers', () => {
    const { factors } = factorsOf(
      withConfigs(
        { flip: true, clip: { kind: 'agc', factor: 1 }, mix: ['a'] },
        { flip: false, clip: { kind: 'agc', factor: 2 }, mix: ['a'] },
        { flip: true, clip: { kind: 'none' }, mix: ['a', 'b'] },
        { flip: true, clip: { kind: 'agc', factor: 2 }, mix: ['a'] },
      ),
    )
    expect(factors.map(({ key, kind, values }) => [key, kind, values])).toEqual([
      ['flip', 'flag', [true, false, true, true]],
      ['clip.kind', 'name', ['agc', 'agc', 'none', 'agc']],
      ['clip.factor', 'number', [1, 2, null, 2]],
    ])
    expect(factors[1]!.aliases).toEqual(['mix'])
  })
})

describe('analyzeFactors', () => {
  it('finds signs and order of a sweep with known truth, without the runs that diverged', () => {
    const [final, best] = analyzeFactors(sweep)
    expect([final!.score, best!.score]).toEqual(['testAccuracy', 'bestTestAccuracy'])
    expect(final).toMatchObject({ runs: 57, leftOut: 3 })
    expect(final!.r2).toBeGreaterThan(0.9)
    const [batch, clip] = final!.factors
    expect([batch!.key, clip!.key]).toEqual(['batchSize', 'clip.factor'])
    expect(batch!.pearson).toBeLessThan(-0.9)
    expect(batch!.spearman).toBeLessThan(-0.9)
    expect(clip!.pearson).toBeGreaterThan(0.1)
    expect(batch!.importance!.mean).toBeGreaterThan(5 * clip!.importance!.mean)
    expect(clip!.importance!.mean).toBeGreaterThan(0)
  })

  it('withholds importance of few runs, and where the forest knows nothing', () => {
    const [few] = analyzeFactors(sweep.slice(0, 9))
    expect(few).toMatchObject({ r2: null, factors: [{ importance: null }] })
    expect(few!.notes).toEqual(['importance is withheld: 9 runs completed, and it needs 10'])
    const lottery = sweepOf({
      batchSizes: [32, 64, 128],
      factors: [0.01, 0.04],
      seeds: [0, 1, 2],
      score: (_batch, _factor, seed) => 0.5 + 0.1 * seed,
    })
    const [nothing] = analyzeFactors(lottery)
    expect(nothing!.r2).toBeLessThanOrEqual(0)
    expect(nothing!.factors.map(({ importance }) => importance)).toEqual([null, null])
    expect(nothing!.notes[0]).toContain('no better than their mean')
  })

  it('withholds importance where few settings were run many times', () => {
    const [final] = analyzeFactors(sweep.slice(0, 12))
    expect(final!.notes).toEqual([
      'importance is withheld: runs of 4 different settings completed, and it needs 6',
    ])
  })

  it('correlates two names as 0 and 1, and more names not at all', () => {
    const named = (models: string[]) =>
      withConfigs(...models.map(model => ({ model }))).map((run, index) => {
        run.epochs[0]!.testAccuracy = index / 10
        return run
      })
    expect(analyzeFactors(named(['a', 'a', 'b', 'b']))[0]!.factors[0]).toMatchObject({
      pearson: expect.closeTo(0.894, 3),
      note: '0 is a, 1 is b',
    })
    expect(analyzeFactors(named(['a', 'b', 'c', 'd']))[0]!.factors[0]).toMatchObject({
      pearson: null,
      note: 'names have no order to correlate with',
    })
  })

  it('has nothing to say of runs that differ in their seed alone', () => {
    expect(analyzeFactors(sweep.slice(0, 3))).toEqual([])
    expect(analyzeFactors([])).toEqual([])
  })
})

describe('sensitivities', () => {
  it('draws a line for each value of the other factor, named as the plan names it', () => {
    const [batch, clip] = sensitivities(sweep)
    expect(batch).toMatchObject({ factor: 'batchSize', scale: 'log', averaged: [] })
    expect(batch!.lines.map(({ name }) => name)).toEqual(
      [0.01, 0.04, 0.16, 0.64].map(factor => `clip.factor ${factor}`),
    )
    expect(clip!.lines).toHaveLength(5)
    const [, second] = batch!.lines[0]!.points
    expect(second!.value).toBe(64)
    expect(second!.score!.mean).toBeCloseTo(0.862, 10)
    expect(second!.score!.seeds).toEqual([0, 1, 2])
  })

  it('keeps the place where every run diverged', () => {
    const last = sensitivities(sweep)[0]!.lines[3]!.points.at(-1)
    expect(last).toMatchObject({ value: 512, score: null, diverged: 3, unfinished: 0 })
  })

  it('takes means over a third factor where there would be too many lines', () => {
    const runs = ['x', 'y', 'z'].flatMap(model =>
      sweep.map(run => ({
        ...run,
        header: { ...run.header, config: { ...run.header.config, model } },
      })),
    )
    const batch = sensitivities(runs).find(({ factor }) => factor === 'batchSize')!
    expect(batch.lines.map(({ name }) => name)).toEqual(
      [0.01, 0.04, 0.16, 0.64].map(factor => `clip.factor ${factor}`),
    )
    expect(batch.averaged).toEqual(['model'])
  })

  it('draws no means through the single runs of a random search', () => {
    const runs = sweep.slice(0, 40).map((run, index) => {
      const lr = 0.01 * ((index * 17) % 41) + 0.01
      const decay = 1e-4 * ((index * 7) % 43)
      return { ...run, header: { ...run.header, config: { lr, decay } } }
    })
    expect(factorsOf(runs).factors.map(({ key, aliases }) => [key, aliases])).toEqual([
      ['lr', []],
      ['decay', []],
    ])
    expect(sensitivities(runs)).toEqual([])
    expect(heatMapOf(runs)).toBeNull()
  })

  it('makes no curve of two values, nor of names', () => {
    const few = sweep.filter(({ header }) => Number(header.config.batchSize) < 100)
    expect(sensitivities(few).map(({ factor }) => factor)).toEqual(['clip.factor'])
    expect(sensitivities(withConfigs({ model: 'a' }, { model: 'b' }, { model: 'c' }))).toEqual([])
  })
})

describe('heatMapOf', () => {
  it('puts the factor with more values along the horizontal axis, and marks what diverged', () => {
    const map = heatMapOf(sweep)!
    expect([map.x, map.y]).toEqual(['batchSize', 'clip.factor'])
    expect(map.panels).toHaveLength(1)
    const { name, cells } = map.panels[0]!
    expect([name, cells.length]).toEqual(['', 20])
    expect(cells.at(-1)).toMatchObject({ x: 4, y: 3, score: null, diverged: 3 })
    expect(cells[0]!.score!.mean).toBeCloseTo(0.902, 10)
  })

  it('makes a map for each value of a third factor', () => {
    const runs = ['x', 'y'].flatMap(model =>
      sweep.map(run => ({
        ...run,
        header: {
          ...run.header,
          name: `${model}, ${run.header.name}`,
          config: { ...run.header.config, model },
        },
      })),
    )
    expect(heatMapOf(runs)!.panels.map(({ name }) => name)).toEqual(['x', 'y'])
  })

  it('is not made of one factor, nor of a few places', () => {
    expect(heatMapOf(sweep.slice(0, 12))).toBeNull()
    expect(heatMapOf(sweep.filter((_, index) => index % 24 === 0))).toBeNull()
  })
})

describe('stepsToScore', () => {
  it('gives the evaluations between which the score was reached', () => {
    const steps = stepsToScore(sweep)!
    // Half of the runs at batch 512 reach 0.75 or more: two of its three factors that complete.
    expect(steps.score).toBe(0.75)
    const [smallest] = steps.lines.at(-1)!.points
    // 0.93 to 0.934: 0.744 and above after epoch 8, 0.75 after epoch 9, 312 steps each.
    expect(smallest).toEqual({ batchSize: 32, after: 8 * 312, by: 9 * 312, reached: 3, runs: 3 })
  })

  it('needs three batch sizes', () => {
    expect(
      stepsToScore(sweep.filter(({ header }) => Number(header.config.batchSize) < 100)),
    ).toBeNull()
  })
})
