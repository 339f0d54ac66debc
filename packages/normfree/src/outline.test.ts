import { liveTensors, nn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { outlined } from './outline.ts'

const create = () => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2))

describe('outlined', () => {
  it('gives what was seen, and releases the model, also after a throw', () => {
    const before = liveTensors().tensors
    expect(outlined(create, model => model.parameters().length)).toBe(4)
    const fail = () => {
      throw new RangeError('mine')
    }
    expect(() => outlined(create, fail)).toThrow('mine')
    expect(liveTensors().tensors).toBe(before)
  })
})
