// The folder name of a run: readable, and different whenever the name, seed or configuration is.
import { createHash } from 'node:crypto'
import { decisive } from '../config/neutral.ts'
import type { PlannedRun } from '../config/plan.ts'

/**
 * `batch-norm-s0-1f2e3d4c`: the variant's name, the seed, and a hash of name and configuration that
 * does not depend on the order of keys, nor on settings that change no number.
 */
export function runId({ name, config, seed }: PlannedRun): string {
  const hash = createHash('sha256')
    .update(canonicalJson([name, decisive(config)]))
    .digest('hex')
  return `${slug(name)}-s${seed}-${hash.slice(0, 8)}`
}

/** Lower case letters, digits and dashes, at most 60 of them; `run` when nothing is left. */
export function slug(name: string): string {
  const dashed = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  return dashed.slice(0, 60).replace(/^-+|-+$/g, '') || 'run'
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}
