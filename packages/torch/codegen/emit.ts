// Schemas in, TypeScript out. Pure: one function per operator name, its overloads told apart by
// the types of what is given. What the wrappers do lives in src/call.ts; here is only their shape.
import { camelCase, isReserved } from './naming.ts'
import type { Argument, Schema } from './schema.ts'

const SCALARS: Record<string, string> = {
  Tensor: 'Tensor',
  int: 'number',
  SymInt: 'number',
  float: 'number',
  Scalar: 'Scalar',
  bool: 'boolean',
  str: 'string',
  ScalarType: 'DType',
  Layout: 'Layout',
  MemoryFormat: 'MemoryFormat',
  Device: 'Device',
  Generator: 'Generator',
}

/** The TypeScript type of a schema type; `Tensor?[]` -> `readonly (Tensor | null)[]`. */
export function typescriptType(type: string): string {
  if (type.endsWith('?')) return `${typescriptType(type.slice(0, -1))} | null`
  const list = /^(.*)\[(\d*)\]$/.exec(type)
  if (list) {
    const element = typescriptType(list[1])
    const array = `readonly ${element.includes('|') ? `(${element})` : element}[]`
    return list[2] === '' ? array : `${element} | ${array}`
  }
  const known = SCALARS[type]
  if (!known) throw new TypeError(`no TypeScript type for ${type}`)
  return known
}

/** One letter for what an argument may be, by which src/call.ts chooses the overload. */
export function matchCode(type: string): string {
  if (type.endsWith('?')) return matchCode(type.slice(0, -1)).toUpperCase()
  const list = /^(.*)\[(\d*)\]$/.exec(type)
  if (list) return list[1].startsWith('Tensor') ? 'a' : list[2] === '' ? 'l' : 'm'
  const codes: Record<string, string> = {
    Tensor: 't',
    int: 'n',
    SymInt: 'n',
    float: 'n',
    Scalar: 'c',
    bool: 'b',
  }
  return codes[type] ?? (type === 'Generator' ? 'g' : 's')
}

const returnType = ({ returns }: Schema): string => {
  const types = returns.map(type => typescriptType(type).replace(/^readonly /, ''))
  return types.length === 0 ? 'void' : types.length === 1 ? types[0] : `[${types.join(', ')}]`
}

const positional = (schema: Schema) => schema.args.filter(arg => !arg.keywordOnly)
const keywords = (schema: Schema) => schema.args.filter(arg => arg.keywordOnly)
const parameter = (arg: Argument) =>
  arg.name === 'self'
    ? 'self'
    : isReserved(camelCase(arg.name))
      ? `${camelCase(arg.name)}_`
      : camelCase(arg.name)

/** True for zeros, randn, arange...: makes a tensor out of none and may be told its dtype. */
const isFactory = (schema: Schema) =>
  !schema.args.some(arg => arg.type.startsWith('Tensor')) &&
  keywords(schema).some(arg => arg.name === 'dtype' && arg.default === 'None')

const isOptional = (arg: Argument) => arg.default !== undefined

function optionsType(schema: Schema): string {
  const fields = keywords(schema).map(arg => `${camelCase(arg.name)}?: ${typescriptType(arg.type)}`)
  if (isFactory(schema)) fields.push('requiresGrad?: boolean')
  return `{ ${fields.join('; ')} }`
}

function parameters(schema: Schema, skip = 0): string {
  const args = positional(schema).slice(skip)
  const lastRequired = args.map(isOptional).lastIndexOf(false)
  const list = args.map((arg, i) => {
    const optional = isOptional(arg) && i > lastRequired
    const type = typescriptType(arg.type) + (isOptional(arg) && !optional ? ' | undefined' : '')
    return `${parameter(arg)}${optional ? '?' : ''}: ${type}`
  })
  if (keywords(schema).length > 0) list.push(`options: ${optionsType(schema)} = NONE`)
  return list.join(', ')
}

const declaration = (schema: Schema, skip = 0) =>
  parameters(schema, skip).replace(/options: (.*) = NONE$/, 'options?: $1')

function callText(schema: Schema, id: number, self = 'self'): string {
  const args = [
    String(id),
    ...positional(schema).map(arg => (arg.name === 'self' ? self : parameter(arg))),
    ...keywords(schema).map(arg =>
      isFactory(schema) && arg.name === 'dtype'
        ? "options.dtype ?? 'float32'"
        : `options.${camelCase(arg.name)}`,
    ),
  ]
  const call = `call(${args.join(', ')})`
  return isFactory(schema) ? `leaf(${call}, options)` : call
}

/** add.Tensor and add.Scalar differ in one argument alone: told apart without a table. */
function tensorOrScalar(
  overloads: Schema[],
): { tensor: Schema; scalar: Schema; at: number } | undefined {
  if (overloads.length !== 2) return undefined
  const [a, b] = overloads
  if (a.args.length !== b.args.length || returnType(a) !== returnType(b)) return undefined
  const differing = a.args.flatMap((arg, i) =>
    arg.type !== b.args[i].type || arg.name !== b.args[i].name ? [i] : [],
  )
  if (differing.length !== 1) return undefined
  const at = differing[0]
  const types = [a.args[at].type, b.args[at].type]
  if (a.args[at].name !== b.args[at].name || at === 0) return undefined
  if (types[0] === 'Tensor' && types[1] === 'Scalar') return { tensor: a, scalar: b, at }
  if (types[1] === 'Tensor' && types[0] === 'Scalar') return { tensor: b, scalar: a, at }
  return undefined
}

export interface Emitted {
  functionText: string
  /** Empty when the operator does not take `self` first. */
  methodText: string
}

/** One operator name with all its overloads; `idOf` gives the index in the table of operators. */
export function emitOperator(
  name: string,
  overloads: Schema[],
  idOf: (schema: Schema) => number,
): Emitted {
  const exported = camelCase(name)
  const local = isReserved(exported) ? `$${exported}` : exported
  const suffix = local === exported ? '' : `\nexport { ${local} as ${exported} }\n`
  const methods = overloads.filter(
    schema => schema.args[0]?.name === 'self' && schema.args[0].type === 'Tensor',
  )
  return {
    functionText: emitFunction(local, local === exported, overloads, idOf) + suffix,
    methodText: methods.length > 0 ? emitMethod(exported, methods, idOf) : '',
  }
}

const doc = (overloads: Schema[], indent: string) =>
  overloads.length === 1
    ? `${indent}/** \`${overloads[0].text}\` */\n`
    : `${indent}/**\n${overloads.map(schema => `${indent} * \`${schema.text}\`\n`).join(`${indent} *\n`)}${indent} */\n`

function emitFunction(
  local: string,
  exported: boolean,
  overloads: Schema[],
  idOf: (s: Schema) => number,
): string {
  const head = `${exported ? 'export ' : ''}function ${local}`
  return doc(overloads, '') + body(head, overloads, idOf, 0)
}

function emitMethod(name: string, overloads: Schema[], idOf: (s: Schema) => number): string {
  return doc(overloads, '  ') + body(name, overloads, idOf, 1).replace(/^(?=.)/gm, '  ')
}

/** `skip` = 1 for methods, whose `self` is `this`. */
function body(head: string, overloads: Schema[], idOf: (s: Schema) => number, skip: 0 | 1): string {
  const self = skip ? 'this' : 'self'
  const first = overloads[0]
  if (overloads.length === 1)
    return `${head}(${parameters(first, skip)}): ${returnType(first)} {\n  return ${callText(first, idOf(first), self)} as ${returnType(first)}\n}\n`
  const pair = tensorOrScalar(overloads)
  if (pair) {
    const { tensor, scalar, at } = pair
    const options = keywords(tensor).length ? tensor : scalar
    const asKeyword = keywords(tensor).length > 0
    const unified = (schema: Schema): Schema => ({
      ...schema,
      args: schema.args.map((arg, i) => ({
        ...arg,
        keywordOnly: asKeyword ? options.args[i].keywordOnly : arg.keywordOnly,
      })),
    })
    const name = parameter(tensor.args[at])
    const params = parameters(unified(tensor), skip).replace(
      `${name}: Tensor`,
      `${name}: Tensor | Scalar`,
    )
    return `${head}(${params}): ${returnType(tensor)} {\n  return (isTensor(${name}) ? ${callText(unified(tensor), idOf(tensor), self)} : ${callText(unified(scalar), idOf(scalar), self)}) as ${returnType(tensor)}\n}\n`
  }
  const signatures = overloads
    .map(schema => `${head}(${declaration(schema, skip)}): ${returnType(schema)}\n`)
    .join('')
  const table = overloads.map(schema => overloadText(schema, idOf(schema))).join(', ')
  const returns = [...new Set(overloads.map(returnType))].join(' | ')
  const given = skip ? '[this, ...args]' : 'args'
  return `${signatures}${head}(...args: unknown[]): ${returns} {\n  return overloaded([${table}], ${given}) as ${returns}\n}\n`
}

function overloadText(schema: Schema, id: number): string {
  const codes = positional(schema)
    .map(arg => matchCode(arg.type))
    .join('')
  const required = positional(schema).map(isOptional).lastIndexOf(false) + 1
  const names = keywords(schema).map(arg => `'${camelCase(arg.name)}'`)
  const factory = isFactory(schema) ? ', true' : ''
  return `[${id}, '${codes}', ${required}, [${names.join(', ')}]${factory}]`
}
