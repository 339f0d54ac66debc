import { describe, expect, it } from 'vitest'
import { matchCode, typescriptType } from './types.ts'

describe('typescriptType', () => {
  it.each([
    ['Tensor', 'Tensor'],
    ['Tensor?', 'Tensor | null'],
    ['Tensor[]', 'readonly Tensor[]'],
    ['Tensor?[]', 'readonly (Tensor | null)[]'],
    ['int[2]', 'number | readonly number[]'],
    ['int[]?', 'readonly number[] | null'],
    ['ScalarType?', 'DType | null'],
  ])('of %s is %s', (type, expected) => {
    expect(typescriptType(type)).toBe(expected)
  })

  it('is refused for a type that JavaScript has nothing for', () => {
    expect(() => typescriptType('Future')).toThrow('no TypeScript type for Future')
  })
})

describe('matchCode', () => {
  it('tells apart what an argument may be; capitals may be null', () => {
    const types = [
      'Tensor',
      'Tensor?',
      'Tensor[]',
      'int',
      'int[]',
      'int[2]',
      'Scalar',
      'bool',
      'str',
    ]
    expect(types.map(matchCode)).toEqual(['t', 'T', 'a', 'n', 'l', 'm', 'c', 'b', 's'])
  })
})
