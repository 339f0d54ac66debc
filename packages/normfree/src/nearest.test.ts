import { describe, expect, it } from 'vitest'
import { nearestNames } from './nearest.ts'

const KNOWN = ['resnet20', 'resnet32', 'nf_resnet20', 'resnet20_nonorm']

describe('nearestNames', () => {
  it('puts the nearest first, whatever the case', () => {
    expect(nearestNames('ResNet2O', KNOWN)[0]).toBe('resnet20')
    expect(nearestNames('nf_resent20', KNOWN)[0]).toBe('nf_resnet20')
  })

  it('gives at most three, and none that is far', () => {
    expect(nearestNames('resnet2', KNOWN).length).toBeLessThanOrEqual(3)
    expect(nearestNames('vit', KNOWN)).toEqual([])
  })
})
