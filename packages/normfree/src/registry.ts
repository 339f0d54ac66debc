// Every model by name. A family adds rows here; a variant is a row of numbers, not a class.
import { ArgumentError, type nn } from '@normfree/torch'
import { UnknownModelError } from './errors.ts'
import { NORMS, type NormName } from './layers/norm.ts'
import { baselineEntries } from './models/baseline-families.ts'
import type { ModelEntry, ModelOptions } from './models/entry.ts'
import { normFreeEntries } from './models/normfree-families.ts'
import { residualEntries } from './models/residual-families.ts'
import { nearestNames } from './nearest.ts'

/** @throws UnknownModelError when a name is taken twice: a mistake in this file. */
function index(entries: readonly ModelEntry[]): ReadonlyMap<string, ModelEntry> {
  const byName = new Map<string, ModelEntry>()
  for (const entry of entries) {
    if (byName.has(entry.name))
      throw new UnknownModelError(
        `Expected unique model names but "${entry.name}" is registered twice.`,
      )
    byName.set(entry.name, entry)
  }
  return byName
}

const REGISTRY = index([...residualEntries(), ...normFreeEntries(), ...baselineEntries()])

/** Models whose name, family or description contains `filter` (any case), in registry order. */
export function listModels(filter = ''): ModelEntry[] {
  const wanted = filter.toLowerCase()
  return [...REGISTRY.values()].filter(entry =>
    [entry.name, entry.family, entry.description].some(text => text.toLowerCase().includes(wanted)),
  )
}

/**
 * The row of a name. `cifar_` may stand in front of the names of nets for 32 px.
 *
 * @throws UnknownModelError with the nearest names.
 */
export function modelEntry(name: string): ModelEntry {
  const entry = REGISTRY.get(name) ?? REGISTRY.get(name.replace(/^cifar_/, ''))
  if (entry && (entry.name === name || entry.resolution === 32)) return entry
  const near = nearestNames(name, [...REGISTRY.keys()])
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''
  throw new UnknownModelError(
    `Expected a model name but received "${name}".${hint} \`normfree models\` lists all.`,
  )
}

/**
 * A new model with weights from the default random stream (see manualSeed). Options that are
 * undefined are those of the model.
 *
 * @throws UnknownModelError as modelEntry; ArgumentError for an option that is out of range, and for
 * `norm` where the model has no norms to replace.
 */
export function createModel(name: string, options: ModelOptions = {}): nn.Module {
  const entry = modelEntry(name)
  if (options.norm !== undefined && !entry.takesNorm)
    throw new ArgumentError(
      `Expected no \`norm\` for ${name}, which is built without norms, but received "${options.norm}".`,
    )
  checkOptions(options)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return entry.create(Object.fromEntries(given))
}

/** What options must be, whatever the model: in words, and as a test. */
const OPTION_RULES: Readonly<
  Partial<Record<keyof ModelOptions, readonly [what: string, holds: (value: unknown) => boolean]>>
> = {
  numClasses: ['an integer >= 1', isCount],
  inChans: ['an integer >= 1', isCount],
  dropRate: ['a probability from 0 to below 1', isRate],
  dropPathRate: ['a probability from 0 to below 1', isRate],
  outputStride: ['8, 16 or 32', value => [8, 16, 32].includes(value as number)],
  norm: [`one of ${NORMS.join(', ')}`, value => NORMS.includes(value as NormName)],
}

function checkOptions(options: ModelOptions): void {
  for (const [name, rule] of Object.entries(OPTION_RULES)) {
    const value = options[name as keyof ModelOptions]
    if (value === undefined || rule[1](value)) continue
    throw new ArgumentError(
      `Expected ${rule[0]} for \`${name}\` but received ${JSON.stringify(value)}.`,
    )
  }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1
}

function isRate(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 1
}
