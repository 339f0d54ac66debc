import { describe, expect, it } from 'vitest'
import { parseSchema } from './schema.ts'

describe('parseSchema', () => {
  it('splits names, arguments and results', () => {
    const schema = parseSchema(
      'aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor',
    )
    expect([schema.name, schema.overload, schema.returns]).toEqual(['add', 'Tensor', ['Tensor']])
    expect(schema.args).toEqual([
      { type: 'Tensor', name: 'self', default: undefined, keywordOnly: false, mutated: false },
      { type: 'Tensor', name: 'other', default: undefined, keywordOnly: false, mutated: false },
      { type: 'Scalar', name: 'alpha', default: '1', keywordOnly: true, mutated: false },
    ])
  })

  it('reads defaults with commas, brackets and quotes', () => {
    const { args } = parseSchema(
      'aten::f(int[2] stride=[1, 1], str mode="a, b", Tensor?[] xs=[], float? p=None) -> ()',
    )
    expect(args.map(arg => [arg.type, arg.name, arg.default])).toEqual([
      ['int[2]', 'stride', '[1, 1]'],
      ['str', 'mode', '"a, b"'],
      ['Tensor?[]', 'xs', '[]'],
      ['float?', 'p', 'None'],
    ])
  })

  it('knows what is written to', () => {
    const schema = parseSchema('aten::relu_(Tensor(a!) self) -> Tensor(a!)')
    expect([schema.args[0].type, schema.args[0].mutated, schema.returns]).toEqual([
      'Tensor',
      true,
      ['Tensor'],
    ])
    const view = parseSchema('aten::split(Tensor(a -> *) self, int size) -> Tensor(a)[]')
    expect([view.args[0].mutated, view.returns]).toEqual([false, ['Tensor[]']])
  })

  it('reads several results, named or not, and none', () => {
    const returns = (text: string) => parseSchema(`aten::f(Tensor self) -> ${text}`).returns
    expect(returns('(Tensor values, Tensor indices)')).toEqual(['Tensor', 'Tensor'])
    expect(returns('(Tensor(a!), Tensor[])')).toEqual(['Tensor', 'Tensor[]'])
    expect(returns('()')).toEqual([])
  })

  it.each(['relu', 'aten::relu(Tensor self)', 'aten::f(x) -> Tensor'])('refuses %j', text => {
    expect(() => parseSchema(text)).toThrow(SyntaxError)
  })
})
