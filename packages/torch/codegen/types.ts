// What the types of a schema are in TypeScript: for the compiler, and for choosing an overload.

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

/** One letter for what an argument may be, by which src/overload.ts chooses the overload. */
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
