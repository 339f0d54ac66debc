import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree, tinyImageFolder } from './program.test.util.ts'

const data = `folder:${tinyImageFolder()}`
const settings = 'batchSize: 8, precision: float32, schedule: {warmupEpochs: 0.5}'
const recipe = `{model: nf_resnet20, ${settings}}\n`
const plan = `name: tiny plan
base: {model: resnet20, ${settings}}
runs:
  - name: batch norm
  - {name: normalizer-free, model: nf_resnet20}
`

/** A folder with the recipe and the plan. */
function workplace(): string {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'tiny.yaml'), recipe)
  writeFileSync(join(cwd, 'plan.yaml'), plan)
  return cwd
}

describe('normfree train', () => {
  it('trains, tells each epoch on stderr and the outcome on stdout', async () => {
    const cwd = workplace()
    const args = ['train', 'tiny.yaml', '--data', data, '--epochs', '2', '--out', 'run']
    const { code, stdout, stderr } = await normfree(args, { cwd })
    expect(stderr).toMatch(/tiny: epoch 1\/2, loss .*\n.*tiny: epoch 2\/2, loss/)
    expect(stdout).toMatch(/^tiny: completed, test accuracy [\d.]+%, recorded in run\n$/)
    expect(code).toBe(0)
    const { command, seed } = JSON.parse(readFileSync(join(cwd, 'run', 'run.json'), 'utf8'))
    expect({ command, seed }).toEqual({ command: `normfree ${args.join(' ')}`, seed: 0 })
  })

  it('refuses a folder that holds a run', async () => {
    const cwd = workplace()
    const args = ['train', 'tiny.yaml', '--data', data, '--epochs', '1', '--out', 'run']
    await normfree(args, { cwd })
    const { code, stderr } = await normfree(args, { cwd })
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^normfree: Expected a new folder/)
    expect(code).toBe(2)
  })

  it('marks the run as interrupted at the first Ctrl-C, and exits with 130', async () => {
    const cwd = workplace()
    const args = ['train', 'tiny.yaml', '--data', data, '--epochs', '10000', '--out', 'run']
    const { code, stderr } = await normfree(args, {
      cwd,
      signalOn: text => (text.includes('epoch 1/') ? 'SIGINT' : undefined),
    })
    expect(stderr).toContain('normfree: stopping after this step (again to stop at once)\n')
    expect(stderr).toMatch(/normfree: interrupted; `normfree train --resume run` goes on\n$/)
    expect(code).toBe(130)
    const lines = readFileSync(join(cwd, 'run', 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ kind: 'end', status: 'interrupted' })
  })
})

describe('normfree train --resume', () => {
  const metricsOf = (dir: string) => readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
  const args = ['train', 'tiny.yaml', '--data', data, '--epochs', '20', '--out', 'run']
  const interruptedRun = async () => {
    const cwd = workplace()
    const { code } = await normfree(args, {
      cwd,
      signalOn: text => (text.includes('epoch 2/') ? 'SIGTERM' : undefined),
    })
    expect(code).toBe(130)
    return cwd
  }

  it('goes on with the run in a folder, says when nothing is left, and refuses to change it', async () => {
    const cwd = await interruptedRun()
    const refused = await normfree(
      ['train', '--resume', 'run', '--set', 'optimizer.lr=0.2', '--epochs', '7'],
      { cwd },
    )
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /^normfree: --set: epochs: expected the value that the run began with.*\nnormfree: --set: optimizer\.lr: expected/,
    )
    const resumed = await normfree(['train', '--resume', 'run', '--set', 'workers=2'], { cwd })
    expect(resumed.stderr).toMatch(/tiny: goes on from step-\d{8}\.safetensors, after step \d+\n/)
    expect(resumed.stderr).toMatch(/epoch 20\/20/)
    expect(resumed.stderr).not.toMatch(/epoch 1\/20/)
    expect(resumed.stdout).toMatch(/: completed, test accuracy/)
    expect(resumed.code).toBe(0)

    const before = metricsOf(join(cwd, 'run'))
    const again = await normfree(['train', '--resume', 'run'], { cwd })
    expect(again.stderr).toMatch(/has ended already; nothing is left to do/)
    expect(again.code).toBe(0)
    expect(metricsOf(join(cwd, 'run'))).toBe(before)
  })

  it('goes on with the run of a recipe, and begins one where there is none', async () => {
    const cwd = workplace()
    const args = ['train', 'tiny.yaml', '--data', data, '--epochs', '20', '--resume']
    const first = await normfree(args, {
      cwd,
      signalOn: text => (text.includes('epoch 1/') ? 'SIGINT' : undefined),
    })
    expect(first.code).toBe(130)
    const second = await normfree(args, { cwd })
    expect(second.stderr).toMatch(/tiny: goes on from step-/)
    expect(second.code).toBe(0)
    expect(readdirSync(join(cwd, 'runs'))).toHaveLength(1)
  })

  it.each([
    [['train', '--resume', 'nowhere'], /Expected a run folder but received nowhere/],
    [['train', '--resume', 'run', '--out', 'other'], /`--resume DIR` or `--out` but received both/],
    [['train', '--resume'], /Expected a RECIPE/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await normfree(args, { cwd: workplace() })
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
  })
})

describe('normfree ablate', () => {
  it('trains every run, prints a table and writes a report; the second time it keeps all', async () => {
    const cwd = workplace()
    const args = ['ablate', 'plan.yaml', '--data', data, '--epochs', '1']
    const first = await normfree(args, { cwd })
    expect(first.stdout).toMatch(/batch norm .*completed[\s\S]*normalizer-free .*completed/)
    expect(first.stdout).toMatch(/report: runs\/tiny-plan\/report\.html\n$/)
    expect(first.code).toBe(0)
    expect(existsSync(join(cwd, 'runs/tiny-plan/report.html'))).toBe(true)

    const second = await normfree([...args, '--json'], { cwd })
    expect(second.stderr).toMatch(
      /^\[1\/2\] batch norm, seed 0: kept, completed.*\n\[2\/2\] .*kept/,
    )
    const { status, variants } = JSON.parse(second.stdout)
    expect(status).toBe('completed')
    expect(variants.map(({ name }: { name: string }) => name)).toEqual([
      'batch norm',
      'normalizer-free',
    ])
  })

  it('goes on where it was interrupted', async () => {
    const cwd = workplace()
    const args = ['ablate', 'plan.yaml', '--data', data, '--epochs', '10']
    const interrupted = await normfree(args, {
      cwd,
      signalOn: text => (text.includes('normalizer-free, seed 0: epoch 1/') ? 'SIGINT' : undefined),
    })
    expect(interrupted.code).toBe(130)
    const resumed = await normfree(args, { cwd })
    expect(resumed.stderr).toMatch(/batch norm, seed 0: kept, completed/)
    expect(resumed.stderr).toMatch(/normalizer-free, seed 0: goes on from step-/)
    expect(resumed.stderr).toMatch(/normalizer-free, seed 0: epoch 10\/10/)
    expect(resumed.code).toBe(0)
  })
})

describe('normfree report', () => {
  it('leaves out runs that a plan has set aside', async () => {
    const cwd = workplace()
    await normfree(['ablate', 'plan.yaml', '--data', data, '--epochs', '1', '--out', 'a'], { cwd })
    const run = readdirSync(join(cwd, 'a')).find(name => name.startsWith('batch-norm'))!
    cpSync(join(cwd, 'a', run), join(cwd, 'a', `${run}.interrupted-1`), { recursive: true })
    const { stdout, code } = await normfree(['report', 'a', '--json'], { cwd })
    const { report, variants } = JSON.parse(stdout)
    expect(report).toBe('report.html')
    const seeds = variants.map(({ seeds }: { seeds: number[] }) => seeds)
    expect(seeds).toEqual([[0], [0]])
    expect(existsSync(join(cwd, 'report.html'))).toBe(true)
    expect(code).toBe(0)
  })
})
