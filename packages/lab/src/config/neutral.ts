// Which settings change nothing of what a run computes: runs that differ in them alone are the same
// run, under one id, and one may be resumed with others.
import type { RunConfig } from './schema.ts'

/** Dotted keys. */
const NEUTRAL = ['checkpoint', 'workers', 'watch.signalEvery'] as const

type Tree = { [key: string]: unknown }

/** The settings of `config` that its numbers depend on, as JSON has them. */
export function decisive(config: RunConfig | Tree): Tree {
  const copy: Tree = JSON.parse(JSON.stringify(config))
  for (const key of NEUTRAL) remove(copy, key.split('.'))
  return copy
}

/** Blocks that are empty then go too. */
function remove(tree: Tree, [key, ...rest]: readonly string[]): void {
  const value = tree[key!]
  if (rest.length > 0 && isTree(value)) {
    remove(value, rest)
    if (Object.keys(value).length > 0) return
  } else if (rest.length > 0) return
  delete tree[key!]
}

/** The dotted keys in which two trees differ, e.g. `optimizer.lr`. */
export function differences(a: unknown, b: unknown, path = ''): string[] {
  if (isTree(a) && isTree(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return keys.flatMap(key => differences(a[key], b[key], path === '' ? key : `${path}.${key}`))
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path]
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
