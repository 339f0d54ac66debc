// timm's test_nfnet (packages/normfree/goldens/make.py) and what happens when it is not matched.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ArgumentError } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { UnknownModelError } from '../errors.ts'
import { folderForTests } from '../folder.test.util.ts'
import { ASPECTS, type Aspect, compareGolden, passes } from './compare.ts'
import { type Golden, type GoldenRun, readGoldens } from './golden.ts'
import { goldenFaults, goldenHeading, goldenRow } from './report.ts'

const FOLDER = fileURLToPath(new URL('../../goldens', import.meta.url))
const MAIN = fileURLToPath(new URL('main.js', import.meta.url))
const [resnet26, golden] = ['resnet26', 'test_nfnet'].map(
  wanted => readGoldens(FOLDER).find(({ name }) => name === wanted)!.golden,
)
const run = golden.run!
const withRun = (change: Partial<GoldenRun>): Golden => ({ ...golden, run: { ...run, ...change } })

const folders = folderForTests()

/** A folder with one file. */
function folderOf(name: string, text: string): string {
  const folder = mkdtempSync(join(folders, 'goldens-'))
  writeFileSync(join(folder, name), text)
  return folder
}

describe('compareGolden', () => {
  it('finds timm’s test_nfnet in all that its golden holds', () => {
    const comparison = compareGolden(golden)
    expect(goldenFaults(comparison)).toEqual([])
    expect(passes(comparison)).toBe(true)
    expect(Object.keys(comparison).sort()).toEqual(
      ASPECTS.filter(aspect => aspect !== 'MACs').sort(),
    )
  })

  const block = run.blocks[1]
  const misses: [Aspect, RegExp, Golden][] = [
    ['parameters', /383080 parameters, not 383081/, { ...golden, params: 383_081 }],
    [
      'parameters',
      /stem\.conv1\.weight where stem\.conv1\.bias is expected/,
      { ...golden, parameters: golden.parameters.slice(1) },
    ],
    [
      'shapes',
      /stem\.conv1\.weight \[16,3,3,3\] where nothing is expected/,
      { ...golden, stateDict: [] },
    ],
    ['MACs', /285\d+ MACs, not 1/, { ...golden, macs: { resolution: 160, value: 1 } }],
    ['logits', /norm/, withRun({ logitsNorm: run.logitsNorm * 1.001 })],
    [
      'logits',
      /image 1, class 0/,
      withRun({ logits: [run.logits[0], [run.logits[1][0] + 0.01 * run.logitsNorm]] }),
    ],
    ['loss', /loss/, withRun({ loss: run.loss * 1.001 })],
    ['gradients', /all/, withRun({ gradNormTotal: run.gradNormTotal * 1.001 })],
    [
      'gradients',
      /head\.fc\.bias/,
      withRun({
        gradNorm: { ...run.gradNorm, 'head.fc.bias': run.gradNorm['head.fc.bias'] * 1.01 },
      }),
    ],
    ['AGC', /norm of all/, withRun({ gradNormAfterAGC: run.gradNormAfterAGC * 1.001 })],
    ['step', /loss/, withRun({ lossAfterStep: run.lossAfterStep * 1.001 })],
    ['step', /norm/, withRun({ logitsNormAfterStep: Number.NaN })],
    [
      'blocks',
      /stages\.1\.0, variance/,
      withRun({
        blocks: run.blocks.with(1, { ...block, channelVariance: block.channelVariance * 1.001 }),
      }),
    ],
    ['blocks', /nothing is expected/, withRun({ blocks: [] })],
  ]
  it.each(misses)('says of %s that they differ, and where: %s', (aspect, where, changed) => {
    const comparison = compareGolden(changed)
    expect(passes(comparison)).toBe(false)
    expect(goldenFaults(comparison)).toHaveLength(1)
    expect(goldenFaults(comparison)[0]).toMatch(where)
    expect(goldenFaults(comparison)[0].startsWith(aspect)).toBe(true)
  })

  // Batch norm over the eight values of a channel that 64 px leave makes its gradients jump.
  it('holds what rounding moves to that, marks it, and nothing else', () => {
    const comparison = compareGolden(resnet26)
    const { gradients, step: _, ...others } = comparison
    expect(goldenFaults(comparison)).toEqual([])
    expect(gradients!.movement).toBeGreaterThan(1e-4)
    expect(gradients!.tolerance).toBe(gradients!.movement)
    for (const other of Object.values(others)) expect(other).not.toHaveProperty('movement')
    expect(goldenRow('net', 5, comparison)).toMatch(/\d~ /)
    const { gradNormTotal } = resnet26.run!
    const off = { ...resnet26.run!, gradNormTotal: gradNormTotal * 1.03 }
    expect(goldenFaults(compareGolden({ ...resnet26, run: off }))[0]).toMatch(/^gradients.*all$/)
  }, 300_000)

  it('refuses a model that the registry does not have', () => {
    expect(() => compareGolden({ ...golden, model: 'test_nfnets' })).toThrow(UnknownModelError)
  })
})

describe('goldenRow', () => {
  it('shows what agrees, how far numbers are off, and what the golden says nothing of', () => {
    const row = goldenRow('net', 5, {
      shapes: { error: 0, tolerance: 0, where: '' },
      MACs: { error: Number.POSITIVE_INFINITY, tolerance: 0, where: '1 MACs, not 2' },
      loss: { error: 1.26e-7, tolerance: 1e-4, where: 'loss' },
    })
    expect(row.split(/ +/)).toEqual(['net', '-', '=', 'differ', '-', '1.3e-7', '-', '-', '-', '-'])
    expect(row).toHaveLength(goldenHeading(5).length)
  })
})

describe('readGoldens', () => {
  it.each([
    ['no folder', () => '/nowhere', /Expected a folder of golden files .* "\/nowhere"/],
    ['no golden', () => folderOf('a.txt', ''), /which has none/],
    ['text', () => folderOf('a.json', '{'), /a\.json: .*JSON/],
    ['another file', () => folderOf('a.json', '{"model":"x"}'), /a\.json: it has no params/],
    ['null', () => folderOf('a.json', 'null'), /a\.json: it has no model/],
  ])('refuses %s in one line', (_, folder, message) => {
    expect(() => readGoldens(folder())).toThrow(ArgumentError)
    expect(() => readGoldens(folder())).toThrow(message)
  })
})

describe('npm run goldens', () => {
  const goldens = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })

  it('exits with 0 where all agrees, and prints a row a model', () => {
    const { status, stdout } = goldens(FOLDER, 'test_nfnet')
    expect(stdout).toMatch(/^model .*\ntest_nfnet +=.*\n1 passed, 0 failed\n$/)
    expect(status).toBe(0)
  })

  it('exits with 1 where something differs or a model is unknown, and goes on', () => {
    const folder = folderOf('a.json', JSON.stringify({ ...golden, model: 'no_such_model' }))
    const { run: _, ...changed } = { ...golden, params: 1 }
    writeFileSync(join(folder, 'b.json'), JSON.stringify(changed))
    const { status, stdout } = goldens(folder)
    expect(stdout).toContain('received "no_such_model"')
    expect(stdout).toContain('parameters: 383080 parameters, not 1')
    expect(stdout).toContain('0 passed, 2 failed')
    expect(status).toBe(1)
  })

  it('exits with 2 for bad input, in one line', () => {
    const { status, stderr } = goldens(FOLDER, 'resnet')
    expect([status, stderr]).toEqual([
      2,
      'Expected a golden file (resnet26, test_nfnet) but received "resnet".\n',
    ])
  })
})
