// Dotted names, as in PyTorch's state dicts. Knows nothing of modules.

/** `layer1` and `conv` -> `layer1.conv`; nothing in front of what is at the top. */
export const joined = (prefix: string, name: string): string =>
  prefix === '' ? name : `${prefix}.${name}`

/** Fields are few and asked for again by every walk over a model. */
const snakeNames = new Map<string, string>()

/** `runningMean` -> `running_mean`; digits stay attached (`conv2b`, `layer1`). */
export function snakeCase(field: string): string {
  let name = snakeNames.get(field)
  if (name === undefined) {
    name = field.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    snakeNames.set(field, name)
  }
  return name
}

/** `layer1.conv.weight` -> [`layer1.conv`, `weight`]. */
export function splitPath(path: string): [string, string] {
  const dot = path.lastIndexOf('.')
  return [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)]
}

/** Each value once, under the first name it comes with. */
export function* firstNames<T extends object>(
  named: Iterable<[string, T]>,
): Generator<[string, T]> {
  const seen = new Set<T>()
  for (const [name, value] of named) {
    if (!seen.has(value)) yield [name, value]
    seen.add(value)
  }
}
