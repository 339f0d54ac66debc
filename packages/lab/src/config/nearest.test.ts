import { describe, expect, it } from 'vitest'
import { nearestNames } from './nearest.ts'

describe('nearestNames', () => {
  const known = ['resnet20', 'resnet20_nonorm', 'nf_resnet20', 'nf_resnet56']

  it('puts the closest name first', () => {
    expect(nearestNames('nf_resnet2', known)).toEqual(['nf_resnet20', 'nf_resnet56'])
  })

  it('counts a swap of neighbours as one edit', () => {
    expect(nearestNames('seeed', ['seed'])).toEqual(['seed'])
    expect(nearestNames('lr', ['rl'])).toEqual(['rl'])
  })

  it('ignores case', () => {
    expect(nearestNames('BatchSize', ['batchSize'])).toEqual(['batchSize'])
  })

  it('proposes nothing when nothing is near', () => {
    expect(nearestNames('vit_base', known)).toEqual([])
  })
})
