import { describe, expect, it } from 'vitest'
import { emitOperator } from './emit.ts'
import { parseSchema } from './schema.ts'

const emit = (...texts: string[]) => {
  const schemas = texts.map(parseSchema)
  return emitOperator(schemas[0].name, schemas, schema => texts.indexOf(schema.text))
}

describe('emitOperator', () => {
  it('writes one call for one schema', () => {
    const { functionText, methodText } = emit(
      'aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor',
    )
    expect(functionText).toMatchInlineSnapshot(`
      "/** \`aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor\` */
      export function softmax(self: Tensor, dim: number, dtype?: DType | null): Tensor {
        return call(0, self, dim, dtype) as Tensor
      }
      "
    `)
    expect(methodText).toMatchInlineSnapshot(`
      "  /** \`aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor\` */
        softmax(dim: number, dtype?: DType | null): Tensor {
          return call(0, this, dim, dtype) as Tensor
        }
      "
    `)
  })

  it('puts keyword-only arguments into options and returns several results as a tuple', () => {
    const { functionText } = emit(
      'aten::f(Tensor x, *, bool sorted=True) -> (Tensor values, Tensor indices)',
    )
    expect(functionText).toMatchInlineSnapshot(`
      "/** \`aten::f(Tensor x, *, bool sorted=True) -> (Tensor values, Tensor indices)\` */
      export function f(x: Tensor, options: { sorted?: boolean } = NONE): [Tensor, Tensor] {
        return call(0, x, named(0, options, 'sorted').sorted) as [Tensor, Tensor]
      }
      "
    `)
  })

  it('has no method where self is not the first', () => {
    expect(emit('aten::cat(Tensor[] tensors, int dim=0) -> Tensor').methodText).toBe('')
  })

  it('tells Tensor and Scalar apart without a table', () => {
    const { functionText } = emit(
      'aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor',
      'aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor',
    )
    expect(functionText).toMatchInlineSnapshot(`
      "/**
       * \`aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor\`
       *
       * \`aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor\`
       */
      export function add(self: Tensor, other: Tensor | Scalar, options: { alpha?: Scalar } = NONE): Tensor {
        return (isTensor(other) ? call(0, self, other, named(0, options, 'alpha').alpha) : call(1, self, other, named(1, options, 'alpha').alpha)) as Tensor
      }
      "
    `)
  })

  it('chooses among other overloads by a table', () => {
    const { functionText, methodText } = emit(
      'aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor',
      'aten::sum.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor',
    )
    expect(functionText).toMatchInlineSnapshot(`
      "/**
       * \`aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor\`
       *
       * \`aten::sum.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor\`
       */
      export function sum(self: Tensor, options?: { dtype?: DType | null }): Tensor
      export function sum(self: Tensor, dim: number | readonly number[] | null, keepdim?: boolean, options?: { dtype?: DType | null }): Tensor
      export function sum(self: Tensor, dim: number | readonly number[] | null, options: { dtype?: DType | null }): Tensor
      export function sum(...args: unknown[]): Tensor {
        return overloaded(sum$, args) as Tensor
      }
      "
    `)
    expect(methodText).toMatchInlineSnapshot(`
      "  /**
         * \`aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor\`
         *
         * \`aten::sum.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor\`
         */
        sum(options?: { dtype?: DType | null }): Tensor
        sum(dim: number | readonly number[] | null, keepdim?: boolean, options?: { dtype?: DType | null }): Tensor
        sum(dim: number | readonly number[] | null, options: { dtype?: DType | null }): Tensor
        sum(...args: unknown[]): Tensor {
          return overloaded(sum$, [this, ...args]) as Tensor
        }
      "
    `)
  })

  it('gives factories a default dtype and requiresGrad', () => {
    const { functionText } = emit(
      'aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Device? device=None) -> Tensor',
    )
    expect(functionText).toMatchInlineSnapshot(`
      "/** \`aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Device? device=None) -> Tensor\` */
      export function zeros(size: readonly number[], options: { dtype?: DType | null; device?: Device | null; requiresGrad?: boolean } = NONE): Tensor {
        return leaf(call(0, size, named(0, options, 'dtype device requiresGrad').dtype ?? 'float32', options.device), options) as Tensor
      }
      "
    `)
  })

  it('chooses by a table that function and method share', () => {
    const { tableText } = emit(
      'aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor',
      'aten::sum.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor',
    )
    expect(tableText).toMatchInlineSnapshot(`
      "export const sum$ = forms([
        [0, 't', 1, { dtype: 'S' }],
        [1, 'tMb', 2, { dtype: 'S' }],
      ])
      "
    `)
  })

  it('lets options follow before arguments that are left out, of a single form too', () => {
    const { functionText, tableText } = emit(
      'aten::f(Tensor self, int a, int b=0, int c=0, *, bool d=False) -> Tensor',
    )
    expect(functionText.match(/^export function .*$/gm)).toEqual([
      'export function f(self: Tensor, a: number, b?: number, c?: number, options?: { d?: boolean }): Tensor',
      'export function f(self: Tensor, a: number, options: { d?: boolean }): Tensor',
      'export function f(self: Tensor, a: number, b: number | undefined, options: { d?: boolean }): Tensor',
      'export function f(...args: unknown[]): Tensor {',
    ])
    expect(tableText).toContain("[0, 'tnnn', 2, { d: 'b' }],")
  })

  it('requires keywords that have no default and cannot be null', () => {
    const { functionText, tableText } = emit(
      'aten::f(Tensor self, *, str reduce, Generator? generator, bool d=False) -> Tensor',
      'aten::f.int(Tensor self, int a=0, *, bool d) -> Tensor',
    )
    expect(functionText).toContain(
      'f(self: Tensor, options: { reduce: string; generator?: Generator | null; d?: boolean }): Tensor',
    )
    expect(functionText).toContain(
      'f(self: Tensor, a: number | undefined, options: { d: boolean }): Tensor',
    )
    expect(functionText).toContain('f(self: Tensor, options: { d: boolean }): Tensor')
    expect(tableText).toContain("[0, 't', 1, { reduce: 's!', generator: 'G', d: 'b' }],")
    expect(tableText).toContain("[1, 'tn', 1, { d: 'b!' }],")
  })

  it('calls a method on `self` wherever it stands', () => {
    const { methodText } = emit('aten::polygamma(int n, Tensor self) -> Tensor')
    expect(methodText).toContain('polygamma(n: number): Tensor {')
    expect(methodText).toContain('call(0, n, this)')
  })

  it('leaves the prefix of a namespace out of the name, and has no method there', () => {
    const schema = parseSchema('aten::linalg_inv(Tensor A) -> Tensor')
    const { functionText, methodText } = emitOperator('linalg_inv', [schema], () => 3, 'linalg_')
    expect(functionText).toContain('export function inv(A: Tensor): Tensor {')
    expect(methodText).toBe('')
  })

  it('gives dtypes their names where LibTorch gives numbers', () => {
    const { functionText } = emit('aten::promote_types(ScalarType a, ScalarType b) -> ScalarType')
    expect(functionText).toContain('promoteTypes(a: DType, b: DType): DType {')
    expect(functionText).toContain('return dtypeOf(call(0, a, b) as number)')
  })

  it('says which LibTorch has what not every one has', () => {
    const only = { ...parseSchema('aten::f(Tensor self) -> Tensor'), only: '2.15' }
    expect(emitOperator('f', [only], () => 0).functionText).toMatch(
      /\(LibTorch >= 2\.x, in 2\.15\)/,
    )
    const schema = parseSchema('aten::f(Tensor self, int later_one=0) -> Tensor')
    schema.args[1].only = '2.15'
    expect(emitOperator('f', [schema], () => 0).methodText).toMatch(
      /`laterOne`: LibTorch >= 2\.x, in 2\.15/,
    )
  })

  it('exports a reserved name under another binding', () => {
    const { functionText, methodText } = emit('aten::var(Tensor self) -> Tensor')
    expect(functionText).toMatch(/^function \$var\(/m)
    expect(functionText).toContain('export { $var as var }')
    expect(methodText).toMatch(/^ {2}var\(\): Tensor/m)
  })

  it('keeps a required argument after one with a default', () => {
    const { functionText } = emit('aten::f(Tensor self, int a=1, int b) -> Tensor')
    expect(functionText).toContain('f(self: Tensor, a: number | undefined, b: number): Tensor')
  })
})
