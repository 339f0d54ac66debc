import { describe, expect, it } from 'vitest'
import { ExpressionError } from '../errors.ts'
import { parseExpression } from './expression.ts'

const at = (source: string, x: number): number => parseExpression(source)(x)

describe('parseExpression', () => {
  it.each([
    ['x', 3],
    ['2 + 3 * x', 11],
    ['(2 + 3) * x', 15],
    ['10 - 4 - x', 3],
    ['24 / 4 / x', 2],
    ['2 ^ x ^ 2', 512],
    ['x ** 2', 9],
    ['-x ^ 2', -9],
    ['2 * -x', -6],
    ['--x + +x', 6],
    ['2 ^ -x', 0.125],
    ['1.5e1 * .2 + 1.', 4],
    ['max(x, 4, min(5, 2))', 4],
    ['clamp(x, 0, 1)', 1],
    ['  cos(pi)*log( e )  ', -1],
  ])('%s is %d at 3', (source, value) => {
    expect(at(source, 3)).toBeCloseTo(value, 12)
  })

  it('has the named activations as functions', () => {
    expect(at('relu(x) + relu(-x)', -2)).toBe(2)
    expect(at('x * sigmoid(x)', 0.7)).toBeCloseTo(at('silu(x)', 0.7), 12)
    expect(at('x * (1 + erf(x / sqrt(2))) / 2', 0.7)).toBeCloseTo(at('gelu(x)', 0.7), 12)
  })

  it.each([
    ['', 'a number, x or a function but received its end at column 1 of ""'],
    ['x +', 'received its end at column 4'],
    ['2x', 'Expected an operator but received "x" at column 2'],
    ['(x', 'Expected an operator or ) but received its end at column 3'],
    ['x)', 'received ")" at column 2'],
    ['x $ 2', 'received "$" at column 3'],
    ['tanh x', 'Expected ( behind tanh but received "x" at column 6'],
    ['max(x)', 'Expected at least 2 argument(s) of max but received 1 at column 1'],
    ['tanh(x, 2)', 'Expected 1 argument(s) of tanh but received 2'],
    ['tnah(x)', 'Did you mean tanh?'],
    ['glu(x)', 'received "glu" at column 1'],
    ['y', 'Expected x, a number or a function but received "y"'],
  ])('refuses %j and says where', (source, message) => {
    expect(() => parseExpression(source)).toThrow(ExpressionError)
    expect(() => parseExpression(source)).toThrow(message)
  })

  it.each([
    'constructor(x)',
    '__proto__',
    'toString()',
    'x.constructor.constructor("return process")()',
    'x["constructor"]',
    'process.exit(1)',
    'x => x',
    'import("node:fs")',
    '`x`',
    'x; x',
    '\u0000',
    '('.repeat(500),
    'x'.repeat(501),
    '1 +'.repeat(1e6),
  ])('gives what is hostile no way in: %.40s', source => {
    expect(() => parseExpression(source)).toThrow(ExpressionError)
  })

  it('bears the deepest nesting that its length allows', () => {
    expect(at(`${'('.repeat(249)}x${')'.repeat(249)}`, 5)).toBe(5)
    expect(at(`${'-'.repeat(499)}x`, 5)).toBe(-5)
    expect(at(`${'relu('.repeat(83)}x${')'.repeat(83)}`, 5)).toBe(5)
  })
})
