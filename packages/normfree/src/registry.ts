// Every model by name. A family adds rows here; a variant is a row of numbers, not a class.
import { ArgumentError, type nn } from '@normfree/torch'
import { ACTIVATIONS } from './activations.ts'
import { UnknownModelError } from './errors.ts'
import { NORMS } from './layers/norm.ts'
import { baselineEntries } from './models/baseline-families.ts'
import { COMMON_OPTIONS, type ModelEntry, type ModelOptions } from './models/entry.ts'
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
 * @throws UnknownModelError as modelEntry; ArgumentError as checkModelOptions.
 */
export function createModel(name: string, options: ModelOptions = {}): nn.Module {
  checkModelOptions(name, options)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return modelEntry(name).create(Object.fromEntries(given))
}

/**
 * Refuses options that the model does not have, and values out of range.
 *
 * @throws UnknownModelError as modelEntry; ArgumentError, in one line, for the first such option.
 */
export function checkModelOptions(name: string, options: object): void {
  const entry = modelEntry(name)
  const taken: readonly string[] = [...COMMON_OPTIONS, ...entry.options]
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue
    const received = `but received ${JSON.stringify(value)}`
    if (!taken.includes(option))
      throw new ArgumentError(
        `Expected no \`${option}\` for ${name}, which does not have it, ${received}. It takes ${taken.join(', ')}.`,
      )
    const [what, holds] = OPTION_RULES[option as keyof ModelOptions]
    if (!holds(value)) throw new ArgumentError(`Expected ${what} for \`${option}\` ${received}.`)
  }
}

type Rule = readonly [what: string, holds: (value: unknown) => boolean]

const oneOf = (...values: readonly unknown[]): Rule => [
  `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  value => values.includes(value),
]
const integerFrom = (least: number): Rule => [
  `an integer >= ${least}`,
  value => Number.isInteger(value) && (value as number) >= least,
]
const probability: Rule = [
  'a probability from 0 to below 1',
  value => typeof value === 'number' && value >= 0 && value < 1,
]
const yesOrNo = oneOf(true, false)

/** What options must be, whatever the model: in words, and as a test. */
const OPTION_RULES: Readonly<Record<keyof ModelOptions, Rule>> = {
  numClasses: integerFrom(1),
  inChans: integerFrom(1),
  dropRate: probability,
  dropPathRate: probability,
  outputStride: oneOf(8, 16, 32),
  norm: oneOf(...NORMS),
  alpha: ['a finite number > 0', value => Number.isFinite(value) && (value as number) > 0],
  activation: oneOf(...Object.keys(ACTIVATIONS)),
  weightStandardization: oneOf('forward', 'decoupled'),
  c: ['a finite number >= 0', value => Number.isFinite(value) && (value as number) >= 0],
  multiplier: oneOf('scalar', 'vector'),
  biasBatches: integerFrom(0),
  depthInit: yesOrNo,
  identityScale: yesOrNo,
  dropConv: probability,
}
