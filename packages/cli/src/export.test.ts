import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSafetensors } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

describe('normfree export', () => {
  it('writes weights, and from them a graph that holds them', async () => {
    const cwd = newFolder()
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await normfree(['export', 'nf_resnet20', ...args], { cwd })
      expect([code, stderr.split('\n').filter(line => line.startsWith('normfree:'))]).toEqual([
        0,
        [],
      ])
      return stdout
    }
    await run('--out', 'a.safetensors', '--seed', '5')
    const state = loadSafetensors(join(cwd, 'a.safetensors'))
    expect(state.get('fc.weight')?.shape).toEqual([10, 64])
    const stdout = await run('--out', 'c.onnx', '--weights', 'a.safetensors', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ model: 'nf_resnet20', files: ['c.onnx'], opset: 17 },
    })
    expect(readdirSync(cwd).toSorted()).toEqual(['a.safetensors', 'c.onnx'])
    const kernel = Buffer.from(state.get('fc.weight')?.data().buffer as ArrayBuffer)
    expect(readFileSync(join(cwd, 'c.onnx')).includes(kernel)).toBe(true)
  }, 300_000)
})
