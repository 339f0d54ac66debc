// The one rule by which PyTorch's names become TypeScript's: snake_case to camelCase, a trailing
// underscore (in place) kept. Nothing is renamed by hand.

/** `masked_fill_` -> `maskedFill_`, `log_softmax` -> `logSoftmax`. */
export function camelCase(name: string): string {
  const inPlace = name.endsWith('_')
  const words = (inPlace ? name.slice(0, -1) : name).split('_').filter(word => word !== '')
  const [first, ...rest] = words
  return (
    first + rest.map(word => word[0].toUpperCase() + word.slice(1)).join('') + (inPlace ? '_' : '')
  )
}

const RESERVED = new Set(
  'arguments await break case catch class const continue default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
)

/** True when `name` cannot be a binding in TypeScript (it can still be exported and be a method). */
export const isReserved = (name: string): boolean => RESERVED.has(name)
