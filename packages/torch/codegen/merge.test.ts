import { describe, expect, it } from 'vitest'
import { fullName, mergeDumps } from './merge.ts'

const merge = (older: string[], newer: string[]) =>
  mergeDumps([
    { version: '1.13', text: `# a comment\n${older.join('\n')}` },
    { version: '2.15', text: newer.join('\n') },
  ])

describe('mergeDumps', () => {
  it('takes what all versions have in the newest form, and says nothing of versions', () => {
    const [schema] = merge(
      ['aten::view(Tensor self, int[] size) -> Tensor'],
      ['aten::view(Tensor self, SymInt[] size) -> Tensor'],
    )
    expect(schema.text).toContain('SymInt')
    expect(schema.only).toBeUndefined()
    expect(schema.args.every(arg => arg.only === undefined)).toBe(true)
  })

  it('marks operators that one version lacks, and puts them behind the forms that all have', () => {
    const merged = merge(
      ['aten::all(Tensor self) -> Tensor', 'aten::old(Tensor self) -> Tensor'],
      ['aten::all.a(Tensor self, int[] dims) -> Tensor', 'aten::all(Tensor self) -> Tensor'],
    )
    expect(merged.map(schema => [fullName(schema), schema.only])).toEqual([
      ['all', undefined],
      ['all.a', '2.15'],
      ['old', '1.13'],
    ])
  })

  it('marks arguments that came to the end of the list', () => {
    const [schema] = merge(
      ['aten::f(Tensor self, int? n) -> Tensor'],
      ['aten::f(Tensor self, Scalar? n=None, *, bool late=False) -> Tensor'],
    )
    expect(schema.args.map(arg => [arg.name, arg.type, arg.default, arg.only])).toEqual([
      ['self', 'Tensor', undefined, undefined],
      ['n', 'Scalar?', 'None', undefined],
      ['late', 'bool', 'False', '2.15'],
    ])
  })

  it('refuses a form that is no beginning of the newest, for such a wrapper could not serve both', () => {
    const older = ['aten::f(Tensor self, int n) -> Tensor']
    expect(() => merge(older, ['aten::f(Tensor self, bool b, int n) -> Tensor'])).toThrow(
      /of LibTorch 1\.13 is no beginning of .* of 2\.15/,
    )
    expect(() => merge(older, ['aten::f(Tensor self) -> Tensor'])).toThrow(SyntaxError)
  })

  it('leaves out what is not wanted before it compares', () => {
    const dumps = [
      { version: '1.13', text: 'aten::_f(int a) -> Tensor' },
      { version: '2.15', text: 'aten::_f(bool a) -> Tensor' },
    ]
    expect(mergeDumps(dumps, schema => !schema.name.startsWith('_'))).toEqual([])
  })
})
