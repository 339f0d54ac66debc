import { describe, expect, it } from 'vitest'
import { zeros } from '../generated/functions.ts'
import { getRngState, manualSeed } from '../random.ts'
import { numbers } from '../testing.test.util.ts'
import * as nn from './index.ts'

const { skipInit } = nn.utils

describe('skipInit', () => {
  it.each([
    ['uniform_', nn.init.uniform_],
    ['normal_', nn.init.normal_],
    ['truncNormal_', nn.init.truncNormal_],
    ['kaimingNormal_', nn.init.kaimingNormal_],
    ['xavierUniform_', nn.init.xavierUniform_],
  ])('leaves what %s is given as it is, and draws nothing', (_, initialise) => {
    manualSeed(3)
    const before = numbers(getRngState())
    const skipped = skipInit(() => initialise(zeros([4, 3])))
    expect(numbers(skipped)).toEqual(numbers(zeros([4, 3])))
    expect(numbers(getRngState())).toEqual(before)
    expect(numbers(initialise(zeros([4, 3])))).not.toEqual(numbers(zeros([4, 3])))
  })

  it('returns the work’s result and ends with it, also after a throw or another within', () => {
    const layer = skipInit(() => {
      skipInit(() => 0)
      const x = nn.init.normal_(zeros([2, 2]))
      expect(numbers(x)).toEqual([0, 0, 0, 0])
      return new nn.Linear(3, 2)
    })
    expect(layer.weight.shape).toEqual([2, 3])
    const fails = () =>
      skipInit(() => {
        throw new RangeError('in the middle')
      })
    expect(fails).toThrow('in the middle')
    expect(numbers(nn.init.normal_(zeros([2, 2])))).not.toContain(0)
  })
})
