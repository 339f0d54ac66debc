import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSafetensors } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

describe('normfree export', () => {
  it('writes weights that it reads back, and a graph from them', async () => {
    const cwd = newFolder()
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await normfree(['export', 'nf_resnet20', ...args], { cwd })
      expect([code, stderr.split('\n').filter(line => line.startsWith('normfree:'))]).toEqual([
        0,
        [],
      ])
      return stdout
    }
    await run('--out', 'a.safetensors', '--classes', '3', '--seed', '5')
    expect(loadSafetensors(join(cwd, 'a.safetensors')).get('fc.weight')?.shape).toEqual([3, 64])
    const weights = ['--weights', 'a.safetensors', '--classes', '3']
    await run('--out', 'b.safetensors', ...weights)
    expect(readFileSync(join(cwd, 'b.safetensors'))).toEqual(
      readFileSync(join(cwd, 'a.safetensors')),
    )
    const stdout = await run('--out', 'c.onnx', ...weights, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ model: 'nf_resnet20', files: ['c.onnx'], opset: 17 },
    })
    expect(readdirSync(cwd).toSorted()).toEqual(['a.safetensors', 'b.safetensors', 'c.onnx'])
  })
})
