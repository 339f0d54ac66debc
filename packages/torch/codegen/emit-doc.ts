// The doc comment of a wrapper: its schemas, and which LibTorch has what not every one has.
import { camelCase } from './naming.ts'
import type { Schema } from './schema.ts'

export const doc = (overloads: readonly Schema[], indent: string): string =>
  overloads.length === 1
    ? `${indent}/** ${line(overloads[0])} */\n`
    : `${indent}/**\n${overloads.map(schema => `${indent} * ${line(schema)}\n`).join(`${indent} *\n`)}${indent} */\n`

function line(schema: Schema): string {
  const text = `\`${schema.text}\``
  if (schema.only) return `${text} (LibTorch ${range(schema.only)})`
  const later = schema.args.filter(arg => arg.only)
  if (later.length === 0) return text
  const names = later.map(arg => `\`${camelCase(arg.name)}\``).join(', ')
  return `${text} (${names}: LibTorch ${range(later[0].only as string)})`
}

/** What is known from the dumps: a later version has it, or an earlier one alone. */
const range = (only: string) => (only.startsWith('1.') ? `${only} only` : `>= 2.x, in ${only}`)
