// Any operator of the loaded LibTorch by the name of its schema, for what has no typed wrapper.
import { operatorKey } from './call.ts'
import { ArgumentError } from './errors.ts'
import { native } from './native.ts'

export {
  callOperator as call,
  hasOperator as has,
  type OperatorObserver,
  observeOperators as observe,
} from './call.ts'

let schemas: Map<string, string> | undefined

/** Name, with the overload where there is one -> schema. */
function all(): Map<string, string> {
  schemas ??= new Map(
    native
      .schemas()
      .map(text => [text.slice(0, text.indexOf('(')), text] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  return schemas
}

/**
 * Names of the loaded LibTorch's operators, sorted, as `'aten::add.Tensor'`.
 *
 * @param filter default: all. A string must occur in the name.
 * @example ops.list(/^aten::special_/)
 */
export const list = (filter: string | RegExp = ''): string[] =>
  [...all().keys()].filter(name =>
    typeof filter === 'string' ? name.includes(filter) : name.search(filter) >= 0,
  )

/**
 * The schema, as LibTorch prints it: arguments with types and defaults, results.
 *
 * @throws ArgumentError when there is no such operator; the message lists its overloads.
 * @example ops.schema('aten::relu') // 'aten::relu(Tensor self) -> Tensor'
 */
export function schema(name: string, overload = ''): string {
  const found = all().get(operatorKey(name, overload))
  if (found !== undefined) return found
  const forms = [...all().keys()].filter(key => key.split('.')[0] === name)
  const hint = forms.length > 0 ? ` Its forms are ${forms.join(', ')}.` : ''
  throw new ArgumentError(
    `Expected an operator of LibTorch ${native.engineInfo().version} but received "${operatorKey(name, overload)}".${hint}`,
  )
}
