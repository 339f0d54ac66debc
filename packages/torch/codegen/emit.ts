// Schemas in, TypeScript out. Pure: one function per operator name, its overloads told apart by
// the types of what is given. What the wrappers do lives in src/call.ts; here is only their shape.
import { doc } from './emit-doc.ts'
import { camelCase, isReserved } from './naming.ts'
import { FUNCTION_ONLY, METHOD_ONLY, PROPERTIES } from './policy.ts'
import type { Argument, Schema } from './schema.ts'
import { matchCode, typescriptType } from './types.ts'

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

/** LibTorch takes null for a keyword without a default, where its type allows that. */
const mustBeGiven = (keyword: Argument) => !isOptional(keyword) && !keyword.type.endsWith('?')

/** Where the tensor stands that a method is called on; -1 when the operator is no method. */
const selfAt = (schema: Schema) =>
  positional(schema).findIndex(arg => arg.name === 'self' && arg.type === 'Tensor')

function optionsType(schema: Schema): string {
  const fields = keywords(schema).map(
    arg => `${camelCase(arg.name)}${mustBeGiven(arg) ? '' : '?'}: ${typescriptType(arg.type)}`,
  )
  if (isFactory(schema)) fields.push('requiresGrad?: boolean')
  return `{ ${fields.join('; ')} }`
}

/** How many positional parameters there are at least, when options stand behind them. */
const requiredCount = (schema: Schema) => positional(schema).map(isOptional).lastIndexOf(false) + 1

/** True where options may follow on fewer parameters than there are. */
const mayOmit = (schema: Schema) =>
  keywords(schema).length > 0 && requiredCount(schema) < positional(schema).length

/** The list of parameters, of the first `count` positional ones. */
function parameters(schema: Schema, form: Form, count = positional(schema).length): string {
  const whole = count === positional(schema).length
  const args = positional(schema).slice(0, count)
  const lastRequired =
    whole && !keywords(schema).some(mustBeGiven) ? requiredCount(schema) : args.length
  const list = args.flatMap((arg, i) => {
    if (form === 'method' && i === selfAt(schema)) return []
    const optional = i >= lastRequired
    const type = typescriptType(arg.type) + (isOptional(arg) && !optional ? ' | undefined' : '')
    return [`${parameter(arg)}${optional ? '?' : ''}: ${type}`]
  })
  if (keywords(schema).length > 0) list.push(optionsParameter(schema, whole))
  return list.join(', ')
}

const optionsParameter = (schema: Schema, mayLack: boolean) =>
  `options: ${optionsType(schema)}${mayLack && !keywords(schema).some(mustBeGiven) ? ' = NONE' : ''}`

/** Signatures without a body: the whole one, and those whose options come earlier. */
function declarations(schema: Schema, form: Form): string[] {
  const whole = parameters(schema, form).replace(/options: (.*) = NONE$/, 'options?: $1')
  if (!mayOmit(schema)) return [whole]
  const counts = positional(schema).flatMap((_, i) => (i >= requiredCount(schema) ? [i] : []))
  return [whole, ...counts.map(count => parameters(schema, form, count))]
}

function callText(schema: Schema, id: number, form: Form): string {
  const at = form === 'method' ? selfAt(schema) : -1
  const args = [
    String(id),
    ...positional(schema).map((arg, i) => (i === at ? 'this' : parameter(arg))),
    ...optionTexts(schema, id),
  ]
  const call = `call(${args.join(', ')})`
  return isFactory(schema) ? `leaf(${call}, options)` : call
}

/** What is read of the options, the first time after a look at their names. */
function optionTexts(schema: Schema, id: number): string[] {
  const names = keywords(schema).map(arg => camelCase(arg.name))
  const known = [...names, ...(isFactory(schema) ? ['requiresGrad'] : [])].join(' ')
  return names.map((name, i) => {
    const options = i === 0 ? `named(${id}, options, '${known}')` : 'options'
    const missing = isFactory(schema) && name === 'dtype' ? " ?? 'float32'" : ''
    return `${options}.${name}${missing}`
  })
}

/** What a wrapper returns: LibTorch gives dtypes as numbers. */
const resultText = (call: string, type: string) =>
  type === 'DType' ? `dtypeOf(${call} as number)` : `${call} as ${type}`

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

type Form = 'function' | 'method'

export interface Emitted {
  /** Empty for what PyTorch has as a method only. */
  functionText: string
  /** Empty where no argument is `self`. */
  methodText: string
  /** The table by which overloads are chosen; empty where none is needed. */
  tableText: string
}

/**
 * One operator name with all its overloads; `idOf` gives the index in the table of operators,
 * `prefix` is what the name loses in a namespace of its own (`linalg_`), where it is no method.
 */
export function emitOperator(
  name: string,
  overloads: Schema[],
  idOf: (schema: Schema) => number,
  prefix = '',
): Emitted {
  const exported = camelCase(name.slice(prefix.length))
  const local = isReserved(exported) ? `$${exported}` : exported
  const suffix = local === exported ? '' : `\nexport { ${local} as ${exported} }\n`
  const isMethod = prefix === '' && !FUNCTION_ONLY.has(name)
  const methods = isMethod ? overloads.filter(schema => selfAt(schema) >= 0) : []
  const table = `${camelCase(name)}$`
  const head = `${local === exported ? 'export ' : ''}function ${local}`
  const property = PROPERTIES.has(name) ? 'get ' : ''
  return {
    functionText: METHOD_ONLY.has(name)
      ? ''
      : doc(overloads, '') + body(head, overloads, idOf, 'function', table) + suffix,
    methodText:
      methods.length === 0
        ? ''
        : doc(methods, '  ') + indent(body(property + exported, methods, idOf, 'method', table)),
    tableText: isSimple(overloads) && isSimple(methods) ? '' : tableText(table, overloads, idOf),
  }
}

const indent = (text: string) => text.replace(/^(?=.)/gm, '  ')

const isSimple = (overloads: Schema[]) =>
  isSingle(overloads) || tensorOrScalar(overloads) !== undefined

const isSingle = (overloads: Schema[]) =>
  overloads.length === 0 || (overloads.length === 1 && !mayOmit(overloads[0]))

function body(
  head: string,
  overloads: Schema[],
  idOf: (s: Schema) => number,
  form: Form,
  table: string,
): string {
  const first = overloads[0]
  if (isSingle(overloads))
    return `${head}(${parameters(first, form)}): ${returnType(first)} {\n  return ${resultText(callText(first, idOf(first), form), returnType(first))}\n}\n`
  if (tensorOrScalar(overloads)) return pairBody(head, overloads, idOf, form)
  const signatures = overloads
    .flatMap(schema =>
      declarations(schema, form).map(list => `${head}(${list}): ${returnType(schema)}\n`),
    )
    .join('')
  const returns = [...new Set(overloads.map(returnType))].join(' | ')
  const given = form === 'function' ? 'args' : withSelf(selfAt(first))
  return `${signatures}${head}(...args: unknown[]): ${returns} {\n  return ${resultText(`overloaded(${table}, ${given})`, returns)}\n}\n`
}

const withSelf = (at: number) =>
  at === 0 ? '[this, ...args]' : `[...args.slice(0, ${at}), this, ...args.slice(${at})]`

/** One signature for two forms that differ in `Tensor` or `Scalar` alone. */
function pairBody(
  head: string,
  overloads: Schema[],
  idOf: (s: Schema) => number,
  form: Form,
): string {
  const { tensor, scalar, at } = tensorOrScalar(overloads)!
  const asKeyword = keywords(tensor).length > 0
  const options = asKeyword ? tensor : scalar
  const unified = (schema: Schema): Schema => ({
    ...schema,
    args: schema.args.map((arg, i) => ({
      ...arg,
      keywordOnly: asKeyword ? options.args[i].keywordOnly : arg.keywordOnly,
    })),
  })
  const name = parameter(tensor.args[at])
  const params = parameters(unified(tensor), form).replace(
    `${name}: Tensor`,
    `${name}: Tensor | Scalar`,
  )
  const call = (schema: Schema) => callText(unified(schema), idOf(schema), form)
  return `${head}(${params}): ${returnType(tensor)} {\n  return (isTensor(${name}) ? ${call(tensor)} : ${call(scalar)}) as ${returnType(tensor)}\n}\n`
}

/** Read by src/overload.ts, which says what stands where. */
function tableText(table: string, overloads: Schema[], idOf: (s: Schema) => number): string {
  const rows = overloads.map(schema => `  ${overloadText(schema, idOf(schema))},\n`).join('')
  return `export const ${table} = forms([\n${rows}])\n`
}

function overloadText(schema: Schema, id: number): string {
  const codes = positional(schema)
    .map(arg => matchCode(arg.type))
    .join('')
  const fields = keywords(schema).map(
    arg => `${camelCase(arg.name)}: '${matchCode(arg.type)}${mustBeGiven(arg) ? '!' : ''}'`,
  )
  const record = fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}'
  const factory = isFactory(schema) ? ', true' : ''
  return `[${id}, '${codes}', ${requiredCount(schema)}, ${record}${factory}]`
}
