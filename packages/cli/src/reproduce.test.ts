import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'
import { type Reproduced, reproductionMarkdown } from './reproduction.ts'

describe('normfree reproduce', () => {
  it('prints what is expected beside what was measured, and the verdict', async () => {
    const { code, stdout } = await normfree(['reproduce', 'p-e2', 'gamma'])
    expect(code).toBe(0)
    expect(stdout).toContain('P-E2: reproduced')
    expect(stdout).toMatch(/gain γ +│ 1\.7129 ± 1e-9 +│ the document │ 1\.7129 +│ yes/)
    expect(stdout).toContain('gamma: reproduced, and a slip named')
    expect(stdout).toContain('Slip: The table’s entries are Monte-Carlo estimates')
  })

  it('writes the report of all that ran, with the command that made it', async () => {
    const out = join(newFolder(), 'results')
    const { code } = await normfree(['reproduce', 'schedule', 'W7', '--out', out])
    const report = readFileSync(join(out, 'reproduction.md'), 'utf8')
    expect(code).toBe(0)
    expect(report.split('\n')[0]).toContain(`\`normfree reproduce schedule W7 --out ${out}\``)
    expect(report).toMatch(/^## W7: reproduced$/m)
    expect(report).toContain('| table-1 |')
  })

  it('exits with 1 when a claim failed, and still reports it', async () => {
    const { code, stdout, stderr } = await normfree(['reproduce', 'R2b', '--json'])
    expect(code).toBe(1)
    expect(stderr).toContain('normfree: 1 of 1 claims failed: R2b')
    expect(JSON.parse(stdout).claims[0]).toMatchObject({ id: 'R2b', verdict: 'failed' })
  })

  it('lists every claim, and what the others would need', async () => {
    const { stdout } = await normfree(['reproduce', '--list', '--json'])
    const { claims, elsewhere } = JSON.parse(stdout)
    expect(claims.map(({ id }: { id: string }) => id)).toContain('fig-11')
    expect(elsewhere.find(({ id }: { id: string }) => id === 'table-4').needs).toContain('V100')
    const text = (await normfree(['reproduce', '--list'])).stdout
    for (const { id } of [...claims, ...elsewhere]) expect(text).toContain(`│ ${id} `)
  })

  it('writes nothing without --out', async () => {
    const cwd = newFolder()
    await normfree(['reproduce', 'ema'], { cwd })
    expect(existsSync(join(cwd, 'reproduction.md'))).toBe(false)
  })
})

describe('reproductionMarkdown', () => {
  const result: Reproduced = {
    ...{ id: 'fig-1', title: 'A title', source: 'a paper', scale: 'seconds', seconds: 61 },
    ...{ verdict: 'failed', remarks: ['why it fails'], image: 'reproduction/fig-1.svg' },
    rows: [{ what: 'a|b', basis: 'paper', expected: '1', measured: 2, holds: false }],
  }

  it('says what failed and why, beside the figure', () => {
    const text = reproductionMarkdown('normfree reproduce', [result], [])
    expect(text).toContain('1 claims: 0 reproduced')
    expect(text).toContain('| a\\|b | 1 | the document | 2 | NO |')
    expect(text).toContain('why it fails')
    expect(text).toContain('![A title](reproduction/fig-1.svg)')
  })
})
