import { describe, expect, it, vi } from 'vitest'
import { check } from '../../scripts/check.mjs'
import { command } from '../../scripts/checks/command.mjs'

describe('check', () => {
  it('counts failed checks, and prints place and rule of each breach below its line', async () => {
    const printed = vi.spyOn(console, 'log').mockReturnValue()
    const violation = { file: 'a.ts', line: 3, message: 'breaks the rule' }
    const counts = await check([
      { name: 'good', run: () => ({ violations: [], summary: '2 files' }) },
      { name: 'bad', run: () => ({ violations: [violation] }) },
    ])
    const lines = printed.mock.calls.flat()
    printed.mockRestore()
    expect(counts).toEqual({ passed: 1, failed: 1 })
    expect(lines[0]).toMatch(/^good +ok: 2 files {2}\d+\.\d s$/)
    expect(lines[1]).toMatch(/^bad +FAILED/)
    expect(lines[2]).toBe('  a.ts:3: breaks the rule')
  })
})

describe('command', () => {
  it('fails with what the program printed', async () => {
    const failing = command('x', ['-e', 'console.log("b.ts is stale"); process.exit(1)'], 'run y')
    const { violations } = await failing.run('.')
    expect(violations[0]?.message).toBe('run y\nb.ts is stale')
    const passing = command('x', ['-e', ''], 'run y')
    expect((await passing.run('.')).violations).toEqual([])
  })
})
