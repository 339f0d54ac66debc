// `normfree report` of records that are written here: nothing is trained.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRun, openMetrics } from '@normfree/runs'
import { beforeAll, describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

const cwd = newFolder()

/** One epoch of a run with this score. */
function writeRun(name: string, seed: number, testAccuracy: number): void {
  const dir = join(cwd, 'runs', `${name}-${seed}`)
  createRun(dir, {
    format: 1,
    id: `${name}-${seed}`,
    name,
    seed,
    created: `2026-01-02T03:04:0${seed}.000Z`,
    command: 'normfree ablate plan.yaml',
    config: { model: name, seed },
    environment: {},
    model: { name, parameters: 1 },
  })
  const metrics = openMetrics(dir)
  metrics.append({
    kind: 'epoch',
    epoch: 1,
    step: 10,
    trainLoss: 1,
    trainAccuracy: 0.5,
    testLoss: 1,
    testAccuracy,
    emaAccuracy: testAccuracy + 0.01,
    seconds: 1,
    imagesPerSecond: 100,
  })
  metrics.append({ kind: 'end', status: 'completed', seconds: 1 })
  metrics.close()
}

beforeAll(() => {
  for (const seed of [0, 1, 2]) {
    writeRun('plain', seed, 0.7 + seed / 100)
    writeRun('scaled', seed, 0.8 + seed / 100 + (seed === 1 ? 0.003 : 0))
  }
})

describe('normfree report', () => {
  it('compares with the first variant, with the interval of the difference', async () => {
    const { stdout, code } = await normfree(['report', 'runs'], { cwd })
    // Differences 10, 10.3 and 10 points: mean 10.1, standard error 0.1, t(0.975, 2) = 4.303.
    expect(stdout).toMatch(/scaled .* \+10\.10 \[\+9\.67, \+10\.53\] /)
    expect(stdout).toMatch(/plain .* baseline .* 72\.00% ± 1\.00 .* 3 completed/)
    expect(code).toBe(0)
  })

  it('compares with the variant that is named, in Markdown and as numbers', async () => {
    const args = ['report', 'runs', '--baseline', 'scaled', '--out', 'table.md', '--json']
    const { stdout } = await normfree(args, { cwd })
    const { report, baseline, variants, analyses, sensitivities, heatMap, stepsToScore } =
      JSON.parse(stdout)
    expect([report, baseline]).toEqual(['table.md', 'scaled'])
    expect(variants[0].difference).toMatchObject({
      estimate: expect.closeTo(-0.101, 10),
      method: 'paired',
      degreesOfFreedom: 2,
      commonSeeds: 3,
      note: null,
    })
    expect(variants[1].difference).toBeNull()
    const scores = analyses.map(({ score }: { score: string }) => score)
    expect(scores).toEqual(['testAccuracy', 'bestTestAccuracy', 'emaAccuracy'])
    expect(analyses[0].factors[0]).toMatchObject({ key: 'model', runs: 6, importance: null })
    expect([sensitivities, heatMap, stepsToScore]).toEqual([[], null, null])
    const table = readFileSync(join(cwd, 'table.md'), 'utf8')
    expect(table).toContain('less that of scaled, in points')
    expect(table).toMatch(/\| plain \| 71\.00 ± 1\.00% \| -10\.10 /)
  })

  it('refuses a baseline that is not there, and names those that are', async () => {
    const { stderr, code } = await normfree(['report', 'runs', '--baseline', 'none'], { cwd })
    expect(stderr).toBe(
      'normfree: Expected the name of a variant for `--baseline` but received "none". There are "plain", "scaled".\n',
    )
    expect(code).toBe(2)
  })
})
