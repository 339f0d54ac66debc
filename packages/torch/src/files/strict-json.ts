// Reads JSON of strangers: objects become Maps in file order (so that no key is special), a
// duplicate key and anything nested deeper than asked for are errors. No numbers beyond doubles.

export type StrictJson =
  | string
  | number
  | boolean
  | null
  | StrictJson[]
  | ReadonlyMap<string, StrictJson>

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const SPACE = /[ \t\n\r]*/y
const WORDS = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Thrown for what is not such JSON; the caller says which file it was. */
export class StrictJsonError extends SyntaxError {
  override name = 'StrictJsonError'
}

/** @throws StrictJsonError with the position of what is wrong. */
export function parseStrictJson(text: string, maxDepth: number): StrictJson {
  const parser = new Parser(text, maxDepth)
  return parser.document()
}

class Parser {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  document(): StrictJson {
    const value = this.#value(0)
    this.#token(SPACE)
    if (this.#at < this.#text.length) throw this.#wrong('nothing after the value')
    return value
  }

  #value(depth: number): StrictJson {
    this.#token(SPACE)
    const first = this.#text[this.#at]
    if (first === '"') return this.#string()
    if (first === '{' || first === '[') {
      if (depth >= this.#maxDepth) throw this.#wrong(`at most ${this.#maxDepth} levels`)
      return first === '{' ? this.#object(depth) : this.#array(depth)
    }
    for (const [word, value] of WORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    const digits = this.#token(NUMBER)
    if (digits === undefined) throw this.#wrong('a value')
    return Number(digits)
  }

  #string(): string {
    const quoted = this.#token(STRING)
    if (quoted === undefined) throw this.#wrong('a string')
    return JSON.parse(quoted)
  }

  #object(depth: number): ReadonlyMap<string, StrictJson> {
    const entries = new Map<string, StrictJson>()
    this.#items('}', () => {
      const key = this.#string()
      if (entries.has(key)) throw this.#wrong(`no second ${JSON.stringify(key)}`)
      this.#take(':')
      entries.set(key, this.#value(depth + 1))
    })
    return entries
  }

  #array(depth: number): StrictJson[] {
    const items: StrictJson[] = []
    this.#items(']', () => items.push(this.#value(depth + 1)))
    return items
  }

  /** What stands between the bracket here and `close`, separated by commas. */
  #items(close: string, item: () => void): void {
    this.#at++
    this.#token(SPACE)
    if (this.#text[this.#at] !== close) {
      item()
      while (this.#next() === ',') {
        this.#take(',')
        this.#token(SPACE)
        item()
      }
    }
    this.#take(close)
  }

  #next(): string | undefined {
    this.#token(SPACE)
    return this.#text[this.#at]
  }

  #take(char: string): void {
    if (this.#next() !== char) throw this.#wrong(`'${char}'`)
    this.#at++
  }

  #token(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at += match[0].length
    return match?.[0]
  }

  #wrong(expected: string): StrictJsonError {
    return new StrictJsonError(`expected ${expected} at character ${this.#at}`)
  }
}
