import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree, program } from './program.test.util.ts'

describe('--json', () => {
  it.each([
    [['models', 'nf_resnet20']],
    [['gain', 'relu', 'silu']],
    [['doctor']],
    [['spp', 'nf_resnet20', '--draws', '1', '--batch', '4']],
  ])('%j writes one JSON document to stdout', async args => {
    const { code, stdout, stderr } = await normfree([...args, '--json'])
    expect(JSON.parse(stdout)).toBeTypeOf('object')
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})

describe('normfree gain', () => {
  it('prints the gain of an activation', async () => {
    const { stdout } = await normfree(['gain', 'relu', '--json'])
    expect(stdout).toContain('1.71')
  })
})

describe('normfree models', () => {
  it('lists what matches with its cost, no weight drawn', async () => {
    const { stdout } = await normfree(['models', 'dm_nfnet_f6', '--json'])
    const [model] = JSON.parse(stdout)
    expect(model).toMatchObject({ name: 'dm_nfnet_f6', family: 'nfnet', resolution: 576 })
    expect([model.parameters, Math.round(model.macs / 1e6)]).toEqual([438_359_116, 377_280])
  })

  it('shows what a model is made of: shapes, betas, predicted variances', async () => {
    const { stdout } = await normfree(['models', 'nf_resnet50', '--tree', '--json'])
    const { modules } = JSON.parse(stdout) as { modules: Record<string, unknown>[] }
    const named = (name: string) => modules.find(module => module.name === name)
    expect(named('')).toMatchObject({ kind: 'NormFreeNet', output: [1000], parameters: 25_557_032 })
    expect(named('stages.1.0')).toMatchObject({ output: [512, 28, 28], predictedVariance: 1.04 })
    expect(named('stages.1.1.act1')).toMatchObject({ beta: Math.sqrt(1.04) })
    const { stdout: text } = await normfree(['models', 'nf_resnet50', '--tree'])
    expect(text).toMatch(/conv2 +│ ScaledStdConv2d\(64, 64, kernel_size=\(3, 3\).* │ 64 x 56 x 56/)
  })

  it('wants the whole name of one model with --tree', async () => {
    const none = await normfree(['models', '--tree'])
    const part = await normfree(['models', 'nf_resnet5', '--tree'])
    expect([none.code, part.code]).toEqual([2, 2])
    expect(none.stderr).toContain('Expected the name of a model with --tree')
    expect(part.stderr).toContain('Did you mean nf_resnet50')
  })
})

describe('normfree doctor', () => {
  it('names what is missing and exits with 1 without LibTorch', async () => {
    const env = { NORMFREE_ADDON: '/none/addon.node' }
    const { code, stdout, stderr } = await normfree(['doctor', '--json'], { env })
    expect(JSON.parse(stdout).engine.error).toContain('npm run setup')
    expect(stderr).toBe('normfree: the engine cannot be loaded: see `error` above\n')
    expect(code).toBe(1)
  })
})

describe('normfree spp', () => {
  it('draws files, named after the models when no name is given', async () => {
    const cwd = newFolder()
    const args = ['spp', 'nf_resnet20', '--draws', '1', '--batch', '4', '--png', 'a.png', '--svg']
    const { code, stdout } = await normfree(args, { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('drawn: spp-nf_resnet20.svg')
    expect(existsSync(join(cwd, 'a.png'))).toBe(true)
  })

  it('takes a module of the user’s, and says what its taps are', async () => {
    const build = fileURLToPath(new URL('../../../build', import.meta.url))
    mkdirSync(build, { recursive: true })
    const folder = mkdtempSync(join(build, 'spp-'))
    const file = join(folder, 'mine.mjs')
    const text = "import { nn } from '@normfree/torch'\nexport default new nn.Conv2d(3, 4, 3)\n"
    writeFileSync(file, text)
    const { code, stdout, stderr } = await normfree(['spp', '--module', file, '--resolution', '8'])
    rmSync(folder, { recursive: true })
    expect(stdout).toContain('a mine')
    expect(stderr).toBe('mine: no residual sums: the taps are the convolutions and linear layers\n')
    expect(code).toBe(0)
  })
})

describe('output', () => {
  it('has no escape sequences when it is piped', async () => {
    const { stdout } = await normfree(['models', 'nonorm'])
    expect(stdout).not.toContain('\x1b')
  })

  it('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [program, 'models', 'nonorm'])
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', data => {
      stderr += data
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
