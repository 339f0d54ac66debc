// Parameters by name, as recipes write them: `fc` is the classifier, whether a net calls it `fc` or
// `head.fc`. A name that nothing has is a mistake.
import { TrainError } from './errors.ts'

/**
 * Whether the dotted `name` is, or lies below, what `pattern` names: the pattern's parts occur in the
 * name one after the other, anywhere. `*` within a part stands for any characters of that part.
 *
 * @example
 * matchesName('head.fc.weight', 'fc') // true, as for 'head.fc', 'fc.weight' and '*.fc'
 * matchesName('stages.0.fc1.weight', 'fc') // false; 'fc*' would
 */
export function matchesName(name: string, pattern: string): boolean {
  const parts = name.split('.')
  const wanted = pattern.split('.').map(part => {
    const literals = part.split('*').map(text => text.replace(/[\\^$+?()[\]{}|]/g, '\\$&'))
    return new RegExp(`^${literals.join('.*')}$`)
  })
  return parts.some(
    (_, start) =>
      start + wanted.length <= parts.length &&
      wanted.every((part, i) => part.test(parts[start + i]!)),
  )
}

/**
 * The names that one of `patterns` names.
 *
 * @param key the setting that the patterns are of.
 * @throws TrainError for a pattern that names nothing.
 */
export function namesOf(
  names: readonly string[],
  patterns: readonly string[],
  key: string,
): string[] {
  const lost = patterns.find(pattern => !names.some(name => matchesName(name, pattern)))
  if (lost !== undefined)
    throw new TrainError(
      `Expected names of modules or parameters for \`${key}\` but received ${JSON.stringify(lost)}, which the model does not have. Its last parameters are ${names.slice(-2).join(' and ')}.`,
    )
  return names.filter(name => patterns.some(pattern => matchesName(name, pattern)))
}
