// The settings of a recipe as the tables of docs/training.md, out of the schema; not part of the package.
import { expectation, type JsonSchema, jsonSchemaOf } from './describe.ts'
import { runConfigSchema } from './schema.ts'

/** One line of a table. */
interface Row {
  setting: string
  value: string
  standard: string
  meaning: string
  /** Kinds of its block that have it so; none where there are no kinds. */
  kinds: string[]
  /** Kinds that its block has. */
  ofKinds: number
}

/** Tables of all settings: those of one value first, then a table for each block. */
export function settingsTables(): string {
  const schema = jsonSchemaOf(runConfigSchema)
  const isBlock = ({ setting }: Row) => blocks.has(setting)
  const blocks = new Map(
    Object.entries(schema.properties ?? {}).filter(([, child]) => partsOf(child).length > 0),
  )
  const first = rowsOf(schema, '', 0).filter(row => !isBlock(row) && !/[.[]/.test(row.setting))
  const sections = [...blocks].map(
    ([key, child]) => `### ${key}\n\n${meaningOf(child)}\n\n${table(blockRows(key, child))}`,
  )
  return [table(first), ...sections].join('\n\n')
}

/** The objects that a setting may be: itself, its kinds, or the items of a list. */
function partsOf(schema: JsonSchema): JsonSchema[] {
  const own = schema.properties ? [schema] : []
  const choices = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]
  return [...own, ...choices.flatMap(partsOf), ...(schema.items ? partsOf(schema.items) : [])]
}

function blockRows(key: string, schema: JsonSchema): Row[] {
  const prefix = schema.type === 'array' ? `${key}[].` : `${key}.`
  const parts = partsOf(schema)
  const rows = merged(parts.flatMap(part => rowsOf(part, prefix, parts.length)))
  const names = [...new Set(rows.map(({ setting }) => setting))]
  const isKind = (name: string) => name.startsWith(`${prefix}kind:`)
  const standard = (schema.default as { kind?: string } | undefined)?.kind
  return [...names.filter(isKind), ...names.filter(name => !isKind(name))].flatMap(name =>
    rows
      .filter(({ setting }) => setting === name)
      .map(row => (name === `${prefix}kind: ${standard}` ? { ...row, standard: 'default' } : row)),
  )
}

function rowsOf(schema: JsonSchema, prefix: string, ofKinds: number): Row[] {
  const kind = schema.properties?.kind?.const
  const kinds = kind === undefined ? [] : [String(kind)]
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
    { ...rowOf(prefix + key, child, schema.required?.includes(key) ?? false), kinds, ofKinds },
    ...blockRows(prefix + key, child),
  ])
}

function rowOf(key: string, schema: JsonSchema, isRequired: boolean) {
  const { const: constant, default: given } = schema
  const meaning = meaningOf(schema)
  if (constant !== undefined)
    return {
      setting: `${key}: ${constant}`,
      value: '',
      standard: isRequired ? '' : 'default',
      meaning,
    }
  const standard = given === undefined ? (isRequired ? 'required' : '') : shortJson(given)
  return { setting: key, value: expectation(schema), standard, meaning }
}

const shortJson = (value: unknown): string =>
  JSON.stringify(value, (_, each) =>
    typeof each === 'number' ? Number(each.toPrecision(5)) : each,
  )

function meaningOf({ description }: JsonSchema): string {
  if (description === undefined) throw new RangeError('a setting without a description')
  return description
}

/** Settings that several kinds share, alike in everything, become one row. */
function merged(rows: readonly Row[]): Row[] {
  const found = new Map<string, Row>()
  for (const { kinds, ...rest } of rows) {
    const key = JSON.stringify(rest)
    found.set(key, { ...rest, kinds: [...(found.get(key)?.kinds ?? []), ...kinds] })
  }
  return [...found.values()]
}

/** Columns are padded as the formatter pads them. */
function table(rows: readonly Row[]): string {
  const cells = rows.map(({ setting, value, standard, meaning, kinds, ofKinds }) => {
    const isOfSome = kinds.length < ofKinds && kinds.length > 0 && !setting.includes(': ')
    const of = isOfSome ? `${kinds.join(', ')}: ` : ''
    return [`\`${setting}\``, value, standard, of + meaning]
  })
  const all = [['setting', 'value', 'default', 'meaning'], ...cells]
  const widths = all[0]!.map((_, i) => Math.max(...all.map(line => line[i]!.length)))
  const line = (parts: readonly string[], fill = ' ') =>
    `| ${parts.map((part, i) => part.padEnd(widths[i]!, fill)).join(' | ')} |`
  const rule = line(['', '', '', ''], '-')
  return [line(all[0]!), rule, ...cells.map(each => line(each))].join('\n')
}
