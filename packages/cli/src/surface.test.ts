import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { normfree } from './program.test.util.ts'

const committed = new URL('../surface.txt', import.meta.url)
const commands = [
  'doctor',
  'models',
  'spp',
  'check',
  'convert',
  'gain',
  'train',
  'ablate',
  'report',
  'reproduce',
  'predict',
  'export',
]

describe('the command line', () => {
  // UPDATE_SURFACE=1 rewrites the list: every new flag is then a line of a reviewed diff.
  it('has the commands and flags that are written down in surface.txt, and no others', async () => {
    const pages = await Promise.all(
      [[], ...commands.map(command => [command])].map(args => normfree([...args, '--help'])),
    )
    const help = pages.map(({ stdout }) => stdout).join('\n')
    expect(pages.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(pages.map(() => '0'))
    if (process.env.UPDATE_SURFACE) writeFileSync(committed, help)
    expect(help).toBe(readFileSync(committed, 'utf8'))
  })

  it('prints its version, and its help when it is given nothing to do', async () => {
    expect((await normfree(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await normfree([])).stdout).toBe((await normfree(['--help'])).stdout)
  })

  it('shows help without LibTorch', async () => {
    const { code, stdout } = await normfree(['spp', '--help'], { env: { NORMFREE_ADDON: '/none' } })
    expect(code).toBe(0)
    expect(stdout).toContain('MODEL...')
  })
})
