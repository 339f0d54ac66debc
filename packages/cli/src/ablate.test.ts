import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree, tinyImageFolder } from './program.test.util.ts'

const data = `folder:${tinyImageFolder()}`

/** A folder with a plan of these runs. */
function workplace(...runs: string[]): string {
  const cwd = newFolder()
  const base =
    '{model: resnet20, epochs: 1, batchSize: 8, precision: float32, schedule: {warmupEpochs: 0}}'
  writeFileSync(join(cwd, 'plan.yaml'), `name: p\nbase: ${base}\nruns: [${runs.join(', ')}]\n`)
  return cwd
}

describe('normfree ablate, with runs that fail', () => {
  it('finishes the others, two at a time, says which failed and why, and lists how all stand', async () => {
    const cwd = workplace('{name: batch norm}', '{name: x, batchSize: 64}')
    const args = ['ablate', 'plan.yaml', '--data', data]
    const { code, stdout, stderr } = await normfree([...args, '--jobs', '2', '--json'], { cwd })
    expect(code).toBe(1)
    const { status, variants, crashed } = JSON.parse(stdout)
    expect([status, variants.length]).toEqual(['crashed', 1])
    expect(crashed).toMatchObject([{ name: 'x', seed: 0 }])
    const reason =
      'Expected a `batchSize` of at most 16, the number of training images, but received 64.'
    expect(stderr.split('\n').slice(-4)).toEqual([
      'normfree: 1 of 2 runs crashed:',
      `normfree: x, seed 0: ${reason} (${crashed[0].log})`,
      'normfree: The same command tries them again and keeps the others.',
      '',
    ])
    expect(readFileSync(join(cwd, crashed[0].log), 'utf8')).toMatch(
      /TrainError: Expected[\s\S]* at /,
    )

    const list = await normfree([...args, '--list'], { cwd })
    expect(list.stdout).toMatch(/batch norm .* 0 .* done .* batch-norm-s0-[\s\S]* crashed /)
    expect(list.code).toBe(0)
  })

  it('stops at data that no run can load, and says so once', async () => {
    const cwd = workplace('{name: x}', '{name: y, model: nf_resnet20}')
    const args = ['ablate', 'plan.yaml', '--data', 'folder:none']
    const { code, stderr } = await normfree(args, { cwd })
    expect(stderr).toMatch(/^normfree: Expected a folder or archive .* received none .*\n$/)
    expect(code).toBe(2)
    const list = await normfree([...args, '--list', '--json'], { cwd })
    const { outDir, runs } = JSON.parse(list.stdout)
    expect(outDir).toBe('runs/p')
    expect(runs).toHaveLength(2)
    expect(runs[1]).toMatchObject({ name: 'y', seed: 0, state: 'new', dir: `runs/p/${runs[1].id}` })
  })
})
