// Where weights are: the name of a file, or of a model on the Hugging Face hub.
import { existsSync } from 'node:fs'
import { WeightsError } from '../errors.ts'

export type WeightsSource =
  | { kind: 'file'; path: string }
  | { kind: 'hub'; repo: string; revision: string }

/** Owner and name, then optionally a branch, tag or commit. */
const HUB_ID = /^([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?$/
const HUB_PREFIX = /^hf[-_]hub:/
const WEIGHT_FILE = /\.(safetensors|pth|pt|bin|tar|npz)$/i

/**
 * Reads `owner/name[@revision]`, with timm's `hf-hub:` in front or not, as a model of the hub; but
 * what exists as a file or ends as one is a file, unless `hf-hub:` says otherwise.
 *
 * @throws WeightsError for what is neither.
 */
export function parseSource(source: string): WeightsSource {
  const prefixed = HUB_PREFIX.test(source)
  const id = HUB_ID.exec(source.replace(HUB_PREFIX, ''))
  if (!prefixed && (existsSync(source) || WEIGHT_FILE.test(source)))
    return { kind: 'file', path: source }
  if (id) return { kind: 'hub', repo: id[1], revision: id[2] ?? 'main' }
  throw new WeightsError(
    `Expected a file of weights or a model of the hub (owner/name) for \`source\` but received ${JSON.stringify(source)}.`,
  )
}
