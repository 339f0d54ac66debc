import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/load.ts'
import { runId, slug } from './run-id.ts'

describe('runId', () => {
  const config = parseRunConfig({ model: 'resnet20' })
  const id = runId({ name: 'Batch norm', config, seed: 3 })

  it('can be read', () => {
    expect(id).toMatch(/^batch-norm-s3-[0-9a-f]{8}$/)
  })

  it('does not depend on the order of keys', () => {
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as typeof config
    expect(runId({ name: 'Batch norm', config: reversed, seed: 3 })).toBe(id)
  })

  it('is still that of the runs in results/cifar10-jpeg: new settings are absent unless they are named', () => {
    const data = 'folder:../shared/data/cifar10-jpeg.tar.gz'
    const settings = { data, model: 'resnet20', 'optimizer.lr': 0.2 }
    const run = { name: 'batch norm', config: parseRunConfig(settings), seed: 0 }
    expect(runId(run)).toBe('batch-norm-s0-69c0837a')
  })

  it('differs between configurations, and between names with one slug', () => {
    expect(runId({ name: 'Batch norm', config: { ...config, epochs: 1 }, seed: 3 })).not.toBe(id)
    expect(runId({ name: 'batch-norm', config, seed: 3 })).not.toBe(id)
  })
})

describe('slug', () => {
  it('keeps letters and digits of any name, and never is empty or a path', () => {
    expect(slug('no norm + AGC 0.01')).toBe('no-norm-agc-0-01')
    expect(slug('Übung é')).toBe('ubung-e')
    expect(slug('../..')).toBe('run')
    expect(slug('x'.repeat(200))).toHaveLength(60)
  })
})
