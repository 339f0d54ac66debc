import { describe, expect, it } from 'vitest'
import { tensor } from './create.ts'
import { ArgumentError, TorchError } from './errors.ts'
import * as ops from './ops.ts'
import type { Tensor } from './tensor.ts'
import { numbers } from './testing.test.util.ts'

describe('ops', () => {
  it('call an operator that has no wrapper', () => {
    const [sum] = ops.call('aten::_foreach_add', 'Scalar', [tensor([1])], 2) as Tensor[]
    expect(numbers(sum)).toEqual([3])
    expect(() => ops.call('aten::relu', 'x', tensor([1]))).toThrow(TorchError)
  })

  it('list names by a part or a pattern, sorted', () => {
    expect(ops.list('aten::add.')).toEqual(expect.arrayContaining(['aten::add.Tensor']))
    const relus = ops.list(/^aten::relu_?$/g)
    expect(relus).toEqual(['aten::relu', 'aten::relu_'])
    expect(ops.list().length).toBeGreaterThan(2000)
    expect(ops.list('no such operator')).toEqual([])
  })

  it('know what the loaded LibTorch has', () => {
    expect([ops.has('aten::add', 'Tensor'), ops.has('aten::relu')]).toEqual([true, true])
    expect([ops.has('aten::add'), ops.has('aten::add', 'Tonsor')]).toEqual([false, false])
  })

  it('give a schema, or the forms that there are', () => {
    expect(ops.schema('aten::relu')).toBe('aten::relu(Tensor self) -> Tensor')
    expect(() => ops.schema('aten::mul')).toThrow(ArgumentError)
    expect(() => ops.schema('aten::mul')).toThrow(/received "aten::mul"\. Its forms are .*Tensor/)
    expect(() => ops.schema('aten::none')).toThrow(/received "aten::none"\.$/)
  })
})
