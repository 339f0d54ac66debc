import { describe, expect, it } from 'vitest'
import { tensor } from './create.ts'
import { ArgumentError, TorchError } from './errors.ts'
import { native } from './native.ts'
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

  it('are looked up in the addon once, however often they are asked for and called', () => {
    // The addon numbers its look-ups.
    const before = native.resolve('aten::relu', '')
    for (let i = 0; i < 3; i++) {
      expect(ops.has('aten::erfc')).toBe(true)
      expect(numbers(ops.call('aten::erfc', '', tensor([0])) as Tensor)).toEqual([1])
    }
    expect(native.resolve('aten::relu', '')).toBe(before + 2)
  })

  it('give a schema, or the forms that there are', () => {
    expect(ops.schema('aten::relu')).toBe('aten::relu(Tensor self) -> Tensor')
    expect(() => ops.schema('aten::mul')).toThrow(ArgumentError)
    expect(() => ops.schema('aten::mul')).toThrow(/received "aten::mul"\. Its forms are .*Tensor/)
    expect(() => ops.schema('aten::none')).toThrow(/received "aten::none"\.$/)
  })

  it('are observed in order, with what they were given and gave back, wrapped or by name', () => {
    const seen: string[] = []
    const x = tensor([1, -2])
    const results: unknown[] = []
    const y = ops.observe(
      (operator, args, result) => {
        seen.push(`${operator}(${args.length})`)
        results.push(result)
        expect(args[0]).toBe(seen.length === 1 ? x : results[0])
        x.neg() // not reported
      },
      () => ops.call('aten::relu', '', x.add(1)) as Tensor,
    )
    expect(seen).toEqual(['add.Scalar(3)', 'relu(1)'])
    expect(results[1]).toBe(y)
  })

  it('are observed no longer after the work, also when it throws', () => {
    const seen: string[] = []
    const fail = () => {
      throw new ArgumentError('enough')
    }
    const observe = (work: () => unknown) => ops.observe(operator => void seen.push(operator), work)
    expect(() => observe(fail)).toThrow('enough')
    tensor([1]).neg()
    observe(() =>
      ops.observe(
        () => {},
        () => tensor([1]).neg(),
      ),
    )
    expect(seen).toEqual([])
  })
})
