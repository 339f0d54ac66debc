import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { listModels } from 'normfree'
import { describe, expect, it } from 'vitest'
import { expandPlan, loadPlan } from './plan.ts'

const folder = fileURLToPath(new URL('../../../../recipes/', import.meta.url))
const models = listModels().map(({ name }) => name)

describe('recipes', () => {
  it.each(readdirSync(folder).filter(file => file.endsWith('.yaml')))(
    '%s compares the four networks, one with AGC 0.01',
    async file => {
      const runs = expandPlan(await loadPlan(folder + file, { models }))
      expect(runs.map(({ name, config }) => [name, config.model])).toEqual([
        ['batch norm', 'resnet20'],
        ['no norm', 'resnet20_nonorm'],
        ['no norm + AGC 0.01', 'resnet20_nonorm'],
        ['normalizer-free', 'nf_resnet20'],
      ])
      expect(runs[2]!.config.clip).toEqual({
        kind: 'agc',
        factor: 0.01,
        eps: 1e-3,
        exclude: ['fc'],
      })
    },
  )
})
