// Expressions in x, as `normfree gain` takes them: "x * sigmoid(1.702 * x)". They come from outside, so
// nothing of them is ever handed to JavaScript to run: names are looked up in one list, and the rest is
// numbers and operators. (Of the libraries for this, mathjs is a whole algebra system with nine
// dependencies, and expr-eval was left by its authors with a way to run code, CVE-2025-12735.)
import { ACTIVATIONS, erf } from '../activations.ts'
import { ExpressionError } from '../errors.ts'
import { nearestNames } from '../nearest.ts'

type Evaluate = (x: number) => number

interface Callable {
  /** How many arguments it takes; at least two where null. */
  arity: number | null
  apply: (...args: number[]) => number
}

/** Longer ones could nest deeper than the stack. */
const LONGEST = 500

const CONSTANTS = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
])

const unary = (apply: (x: number) => number): Callable => ({ arity: 1, apply })

const FUNCTIONS = new Map<string, Callable>([
  ...Object.entries(ACTIVATIONS).flatMap(([name, { scalar }]): [string, Callable][] =>
    scalar ? [[name, unary(scalar)]] : [],
  ),
  ['abs', unary(Math.abs)],
  ['sign', unary(Math.sign)],
  ['sqrt', unary(Math.sqrt)],
  ['exp', unary(Math.exp)],
  ['expm1', unary(Math.expm1)],
  ['log', unary(Math.log)],
  ['log1p', unary(Math.log1p)],
  ['sin', unary(Math.sin)],
  ['cos', unary(Math.cos)],
  ['atan', unary(Math.atan)],
  ['sinh', unary(Math.sinh)],
  ['cosh', unary(Math.cosh)],
  ['erf', unary(erf)],
  ['min', { arity: null, apply: Math.min }],
  ['max', { arity: null, apply: Math.max }],
  ['clamp', { arity: 3, apply: (x, min, max) => Math.min(Math.max(x, min), max) }],
])

const KNOWN = `The functions are ${[...FUNCTIONS.keys()].join(', ')}.`

const BINARY: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}

/**
 * The function of x that an expression stands for: numbers, `x`, `pi`, `e`, + - * / ^ (or **) and
 * parentheses with their usual precedence, and functions by PyTorch's names: those of
 * {@link ACTIVATIONS} that take one number, abs, sign, sqrt, exp, expm1, log, log1p, sin, cos, atan,
 * sinh, cosh, erf, min, max and clamp(x, min, max).
 *
 * @throws ExpressionError for what is none; the message says where.
 * @example parseExpression('max(x, 0)^2')(3) // 9
 */
export function parseExpression(source: string): (x: number) => number {
  if (source.length > LONGEST)
    throw new ExpressionError(
      `Expected an expression of at most ${LONGEST} characters but received ${source.length}.`,
    )
  return new Parser(source).parse()
}

interface Token {
  kind: 'number' | 'name' | 'symbol' | 'end'
  text: string
  /** From 1. */
  column: number
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<symbol>\*\*|\S)|$)/guy

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  for (const { 0: match, index, groups = {} } of source.matchAll(TOKEN)) {
    const [kind, text] = Object.entries(groups).find(([, text]) => text !== undefined) ?? [
      'end',
      '',
    ]
    tokens.push({
      kind: kind as Token['kind'],
      text,
      column: index + match.length - text.length + 1,
    })
  }
  return tokens
}

/** By recursive descent, from what binds least to what binds most. */
class Parser {
  readonly #source: string
  readonly #tokens: Token[]
  #next = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokensOf(source)
  }

  parse(): Evaluate {
    const whole = this.#sum()
    if (this.#token.kind !== 'end') throw this.#unexpected('an operator')
    return whole
  }

  get #token(): Token {
    return this.#tokens[this.#next]
  }

  /** Steps over one of `symbols` and returns it. */
  #take(...symbols: string[]): string | null {
    const { kind, text } = this.#token
    if (kind !== 'symbol' || !symbols.includes(text)) return null
    this.#next++
    return text
  }

  #sum(): Evaluate {
    return this.#leftToRight(['+', '-'], () => this.#product())
  }

  #product(): Evaluate {
    return this.#leftToRight(['*', '/'], () => this.#signed())
  }

  #leftToRight(symbols: string[], operand: () => Evaluate): Evaluate {
    let left = operand()
    for (let symbol = this.#take(...symbols); symbol; symbol = this.#take(...symbols)) {
      const [a, apply, b] = [left, BINARY[symbol], operand()]
      left = x => apply(a(x), b(x))
    }
    return left
  }

  /** A sign binds less than a power: -x^2 is -(x^2). */
  #signed(): Evaluate {
    const sign = this.#take('-', '+')
    if (!sign) return this.#power()
    const operand = this.#signed()
    return sign === '-' ? x => -operand(x) : operand
  }

  #power(): Evaluate {
    const base = this.#atom()
    if (!this.#take('^', '**')) return base
    const exponent = this.#signed()
    return x => base(x) ** exponent(x)
  }

  #atom(): Evaluate {
    const token = this.#token
    if (this.#take('(')) {
      const inside = this.#sum()
      this.#close()
      return inside
    }
    if (token.kind !== 'number' && token.kind !== 'name')
      throw this.#unexpected('a number, x or a function')
    this.#next++
    if (token.text === 'x') return x => x
    const value = token.kind === 'number' ? Number(token.text) : CONSTANTS.get(token.text)
    return value === undefined ? this.#call(token) : () => value
  }

  #call({ text, column }: Token): Evaluate {
    const callable = FUNCTIONS.get(text)
    if (!callable) throw this.#unknown(text, column)
    if (!this.#take('(')) throw this.#unexpected(`( behind ${text}`)
    const args = [this.#sum()]
    while (this.#take(',')) args.push(this.#sum())
    this.#close()
    const { arity, apply } = callable
    if (arity === null ? args.length < 2 : args.length !== arity)
      throw new ExpressionError(
        `Expected ${arity ?? 'at least 2'} argument(s) of ${text} but received ${args.length} ${this.#at(column)}.`,
      )
    return x => apply(...args.map(each => each(x)))
  }

  #close(): void {
    if (!this.#take(')')) throw this.#unexpected('an operator or )')
  }

  #unknown(name: string, column: number): ExpressionError {
    const near = nearestNames(name, [...FUNCTIONS.keys()])
    const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : KNOWN
    return new ExpressionError(
      `Expected x, a number or a function but received "${name}" ${this.#at(column)}. ${hint}`,
    )
  }

  #unexpected(wanted: string): ExpressionError {
    const { kind, text, column } = this.#token
    const received = kind === 'end' ? 'its end' : `"${text}"`
    return new ExpressionError(`Expected ${wanted} but received ${received} ${this.#at(column)}.`)
  }

  #at(column: number): string {
    return `at column ${column} of ${JSON.stringify(this.#source)}`
  }
}
