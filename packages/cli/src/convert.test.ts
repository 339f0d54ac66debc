import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

describe('normfree convert', () => {
  it('lists what changed, writes the weights, and checks the result', async () => {
    const cwd = newFolder()
    const run = (...args: string[]) => normfree(['convert', 'resnetv2_20', ...args], { cwd })
    const { code, stdout } = await run('--out', 'nf.safetensors', '--alpha', '0.3')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^resnetv2_20, 3 x 32 x 32, alpha 0.3: 21 convolutions standardized, 19 /,
    )
    expect(stdout).toMatch(/stages\.0\.blocks\.0\.conv2 +│ 1\.71\d\d │ 0\.3\d+ │/)
    expect(stdout).toMatch(/written: nf.safetensors\nchecked: no fault found\n$/)
    expect(readFileSync(join(cwd, 'nf.safetensors')).includes('stem.conv.gain')).toBe(true)
    const { stdout: json } = await run('--json')
    expect(JSON.parse(json)).toMatchObject({
      ...{ model: 'resnetv2_20', alpha: 0.2, inputShape: [3, 32, 32], files: [], findings: [] },
    })
  }, 120_000)

  it('takes a module of the user’s, and says what stays', async () => {
    const build = fileURLToPath(new URL('../../../build', import.meta.url))
    mkdirSync(build, { recursive: true })
    const folder = mkdtempSync(join(build, 'convert-'))
    const file = join(folder, 'mine.mjs')
    writeFileSync(
      file,
      `import { nn } from '@normfree/torch'
export default new nn.Sequential(
  new nn.BatchNorm2d(3), new nn.Conv2d(3, 8, 3), new nn.BatchNorm2d(8), new nn.ReLU())
`,
    )
    const run = await normfree(['convert', '--module', file, '--resolution', '16'])
    rmSync(folder, { recursive: true })
    expect(run.stdout).toContain(
      'left: BatchNorm2d 0: no convolution stands in front of it: it normalizes the images; take it out',
    )
    expect(run.code).toBe(0)
  }, 120_000)
})
