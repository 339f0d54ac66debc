// Parses LibTorch's operator schemas as it prints them, e.g.
// `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`.

export interface Argument {
  /** The type without its alias annotation: `Tensor`, `int[2]`, `Tensor?[]`, `float?`. */
  type: string
  name: string
  /** Text of the default, undefined when the argument must be given. */
  default?: string
  keywordOnly: boolean
  /** The version that has it, where an older one does not. */
  only?: string
  /** Written to by the operator (`Tensor(a!)`). */
  mutated: boolean
}

export interface Schema {
  /** The whole line. */
  text: string
  /** Without `aten::`. */
  name: string
  overload: string
  args: Argument[]
  /** The versions that have the operator, where not all do. */
  only?: string
  /** Types of the results; empty for `()`. */
  returns: string[]
}

const SIGNATURE = /^(\w+)::(\w+)(?:\.(\w+))?\((.*)\) -> (.*)$/

export function parseSchema(text: string): Schema {
  const match = SIGNATURE.exec(text)
  if (!match) throw new SyntaxError(`not an operator schema: ${text}`)
  const [, , name, overload = '', args, returns] = match
  return { text, name, overload, args: parseArguments(args), returns: parseReturns(returns) }
}

function parseArguments(text: string): Argument[] {
  const result: Argument[] = []
  let keywordOnly = false
  for (const part of splitTop(text)) {
    if (part === '*') keywordOnly = true
    else result.push({ ...parseArgument(part), keywordOnly })
  }
  return result
}

function parseArgument(text: string): Omit<Argument, 'keywordOnly'> {
  const match = /^(.+?) (\w+)(?:=(.*))?$/.exec(text.replace(/\(\w+ -> [^)]*\)/, '(a)'))
  if (!match) throw new SyntaxError(`not an argument: ${text}`)
  const [, type, name, defaultText] = match
  return { type: bare(type), name, default: defaultText, mutated: type.includes('!') }
}

function parseReturns(text: string): string[] {
  const inner = text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text
  return splitTop(inner).map(part => bare(part.replace(/\(\w+ -> [^)]*\)/, '').split(' ')[0]))
}

const bare = (type: string) => type.replace(/\([^)]*\)/g, '')

/** Splits at commas that stand outside brackets and strings. */
function splitTop(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '"') quoted = !quoted
    else if (quoted) continue
    else if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim())
      start = i + 1
    }
  }
  parts.push(text.slice(start).trim())
  return parts.filter(part => part !== '')
}
