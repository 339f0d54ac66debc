// Copying a state dict into a module's tensors: all of it or, when it does not fit, nothing.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'

/** Options of Module.loadStateDict. */
export interface LoadStateDictOptions {
  /** Refuse missing and unexpected names. Default true. */
  strict?: boolean
}

/** What a state dict and a module do not have in common. */
export interface IncompatibleKeys {
  /** Names that the module has and the state dict lacks. */
  missingKeys: string[]
  /** Names that the state dict has and the module lacks. */
  unexpectedKeys: string[]
}

type State = ReadonlyMap<string, Tensor>

/**
 * Copies `given` into the tensors of `own`, of which it may lack those in `optional`; `owner` is the
 * module's class, for the message.
 */
export function copyState(
  own: State,
  optional: ReadonlySet<string>,
  given: State,
  owner: string,
  options: LoadStateDictOptions,
): IncompatibleKeys {
  const missingKeys = [...own.keys()].filter(name => !given.has(name) && !optional.has(name))
  const unexpectedKeys = [...given.keys()].filter(name => !own.has(name))
  const problems = [
    ...(options.strict === false
      ? []
      : [...list('missing', missingKeys), ...list('unexpected', unexpectedKeys)]),
    ...list('of another shape', misshapen(own, given)),
  ]
  if (problems.length > 0)
    throw new ArgumentError(
      `Expected the state dict of this ${owner} but it does not fit: ${problems.join('; ')}.`,
    )
  noGrad(() => {
    for (const [name, tensor] of own) {
      const source = given.get(name)
      if (source) tensor.copy_(source)
    }
  })
  return { missingKeys, unexpectedKeys }
}

const misshapen = (own: State, given: State): string[] =>
  [...own].flatMap(([name, tensor]) => {
    const other = given.get(name)
    return other && String(other.shape) !== String(tensor.shape)
      ? [`${name} is [${other.shape}], expected [${tensor.shape}]`]
      : []
  })

function list(label: string, names: string[]): string[] {
  if (names.length === 0) return []
  const more = names.length > 8 ? ` and ${names.length - 8} more` : ''
  return [`${label} ${names.slice(0, 8).join(', ')}${more}`]
}
