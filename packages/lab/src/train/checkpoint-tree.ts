// State dicts as JSON and back: tensors, which JSON does not have, are taken out of the tree and
// stand in a map of their own, under the dotted path that they had. Knows no state dict by name.
import type { Json } from '@normfree/runs'
import { Tensor } from '@normfree/torch'
import { CheckpointError } from './errors.ts'

/** What a stateDict() returns: plain values, arrays, objects and maps, with tensors at the leaves. */
export type StateTree =
  | null
  | undefined
  | boolean
  | number
  | string
  | Tensor
  | readonly StateTree[]
  | ReadonlyMap<string, StateTree>
  | { readonly [key: string]: StateTree }

/** Replaces the tensors of `tree` by references, and puts them into `tensors` by `path` and below. */
export function pack(tree: StateTree, path: string, tensors: Map<string, Tensor>): Json {
  const below = (key: string | number, value: StateTree) => pack(value, `${path}.${key}`, tensors)
  if (tree instanceof Tensor) {
    tensors.set(path, tree)
    return { $tensor: path }
  }
  if (tree instanceof Map)
    return { $map: [...tree].map(([key, value]) => [key, below(key, value)]) }
  if (Array.isArray(tree)) return tree.map((value, i) => below(i, value))
  if (typeof tree === 'object' && tree !== null) {
    const given = Object.entries(tree).filter(([, value]) => value !== undefined)
    return Object.fromEntries(given.map(([key, value]) => [key, below(key, value)]))
  }
  if (typeof tree === 'number' && !Number.isFinite(tree)) return { $number: String(tree) }
  return (tree ?? null) as Json
}

/**
 * The tree that `pack` was given.
 *
 * @throws CheckpointError for a reference to a tensor that is not in `tensors`.
 */
export function unpack(json: Json, tensors: ReadonlyMap<string, Tensor>): StateTree {
  if (Array.isArray(json)) return json.map(value => unpack(value, tensors))
  if (typeof json !== 'object' || json === null) return json
  if ('$tensor' in json) return found(String(json.$tensor), tensors)
  if ('$number' in json) return Number(json.$number)
  if ('$map' in json) {
    const entries = json.$map as [string, Json][]
    return new Map(entries.map(([key, value]) => [key, unpack(value, tensors)]))
  }
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, unpack(value, tensors)]),
  )
}

function found(name: string, tensors: ReadonlyMap<string, Tensor>): Tensor {
  const tensor = tensors.get(name)
  if (tensor) return tensor
  throw new CheckpointError(
    `Expected a tensor ${JSON.stringify(name)} but the checkpoint has none.`,
  )
}
