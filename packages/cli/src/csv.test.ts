import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRun, openMetrics } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

/** A folder with a run of one step in `runs/a`. */
function workplace(): string {
  const cwd = newFolder()
  const dir = join(cwd, 'runs', 'a')
  createRun(dir, {
    ...{ format: 1, id: 'a', name: 'with, comma', seed: 7, created: '2026-01-02T03:04:05.000Z' },
    ...{ command: 'normfree train', config: {}, environment: {} },
    model: { name: 'resnet20', parameters: 269_818 },
  })
  const metrics = openMetrics(dir)
  metrics.append({ kind: 'step', step: 1, epoch: 1, loss: 2.5, lr: 0.1, gradNorm: 3 })
  metrics.close()
  return cwd
}

const TABLE =
  'run,name,seed,kind,epoch,step,loss,lr,gradNorm\r\na,"with, comma",7,step,1,1,2.5,0.1,3\r\n'

describe('normfree report --csv', () => {
  it('writes a table of all steps beside the report', async () => {
    const cwd = workplace()
    const { code, stdout } = await normfree(['report', 'runs', '--csv', 'out/t.csv'], { cwd })
    expect(readFileSync(join(cwd, 'out', 't.csv'), 'utf8')).toBe(TABLE)
    expect(existsSync(join(cwd, 'report.html'))).toBe(true)
    expect(stdout).toMatch(/report: report\.html\n$/)
    expect(code).toBe(0)
  })

  it('fills stdout with nothing else for -', async () => {
    const { code, stdout } = await normfree(['report', 'runs', '--csv', '-'], { cwd: workplace() })
    expect(stdout).toBe(TABLE)
    expect(code).toBe(0)
  })

  it('does not share stdout with --json', async () => {
    const args = ['report', 'runs', '--csv', '-', '--json']
    const { code, stdout, stderr } = await normfree(args, { cwd: workplace() })
    expect(stderr).toBe(
      'normfree: Expected `--json` or `--csv -` but received both: each fills stdout alone.\n',
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
