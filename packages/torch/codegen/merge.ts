// One list of schemas out of the dumps of several LibTorch versions: the union of their operators,
// each in its newest form. A wrapper writes arguments in that order and leaves out those at the end
// that were not given; so it works with every version as long as an older form is a beginning of
// the newest one, which is checked here.
import { parseSchema, type Schema } from './schema.ts'

export interface Dump {
  /** `major.minor`. */
  version: string
  /** A schema a line; other lines are comments. */
  text: string
}

/** `dumps` oldest first. Operators and arguments say which version has them where not all do. */
export function mergeDumps(
  dumps: readonly Dump[],
  wanted: (schema: Schema) => boolean = () => true,
): Schema[] {
  const forms = new Map<string, { version: string; schema: Schema }[]>()
  for (const { version, text } of dumps)
    for (const schema of schemasOf(text).filter(wanted)) {
      const key = fullName(schema)
      forms.set(key, [...(forms.get(key) ?? []), { version, schema }])
    }
  return [...forms.values()]
    .map(found => newest(found, dumps.length))
    .sort((a, b) => compare(a.name, b.name) || rank(a) - rank(b) || compare(a.overload, b.overload))
}

/** `add.Tensor`, or `relu` where there is one form. */
export const fullName = ({ name, overload }: Schema): string =>
  overload ? `${name}.${overload}` : name

const schemasOf = (text: string): Schema[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('aten::'))
    .map(parseSchema)

function newest(found: { version: string; schema: Schema }[], versions: number): Schema {
  const last = found[found.length - 1]
  const args = last.schema.args.map(arg => ({ ...arg }))
  for (const { version, schema } of found.slice(0, -1)) {
    if (!beginsWith(last.schema, schema))
      throw new SyntaxError(
        `${schema.text} of LibTorch ${version} is no beginning of ${last.schema.text} of ${last.version}: exclude it, or write the wrapper by hand`,
      )
    for (const arg of args.slice(schema.args.length)) arg.only ??= last.version
  }
  const only = found.length === versions ? undefined : found.map(form => form.version).join(', ')
  return { ...last.schema, args, only }
}

const beginsWith = (newer: Schema, older: Schema) =>
  older.args.every((arg, i) => {
    const type = newer.args[i] && kindOf(newer.args[i].type)
    return type === kindOf(arg.type) || (type === 'Scalar' && kindOf(arg.type) === 'int')
  })

/** `SymInt[2]?` and `int[]` are written to the tape alike. */
const kindOf = (type: string) =>
  type
    .replace('SymInt', 'int')
    .replace(/\[\d+\]/, '[]')
    .replace('?', '')

/** What every version has comes first, so that it is chosen where two forms fit. */
const rank = (schema: Schema) => (schema.only ? 1 : 0)

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
