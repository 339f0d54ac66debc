import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
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
})

describe('output', () => {
  it('has no escape sequences when it is piped', async () => {
    const { stdout } = await normfree(['models'])
    expect(stdout).not.toContain('\x1b')
  })

  it('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [program, 'models'])
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', data => {
      stderr += data
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
