// Plans: base x runs x grid x seeds, expanded to a flat list of named, checked run configurations.
// Conditions and additions (`when`, `exclude`, `include`) are variants.ts.
// Every run of a plan is checked before the first one starts.
import { checker } from './check.ts'
import { ConfigError, type ConfigIssue } from './errors.ts'
import { parseSetting } from './load.ts'
import { type Plan, planSchema } from './plan-schema.ts'
import { type KnownNames, resolve } from './resolve.ts'
import type { RunConfig } from './schema.ts'
import { at, emptyObject, fromPlain, overlay, type Sourced, toPlain, undot } from './sourced.ts'
import { countVariants, type Variant, variantsOf } from './variants.ts'
import { readYaml } from './yaml.ts'

const maxRuns = 10_000

const checkPlan = checker(planSchema)

/** One run of a plan. */
export interface PlannedRun {
  /** The variant: the run's name, and the grid's values behind it (`agc, batchSize 64`). */
  readonly name: string
  readonly config: RunConfig
  readonly seed: number
}

/** What `loadPlan` changes in the plan that it reads, and what it checks it against. */
export interface PlanOptions extends KnownNames {
  /** `key=value` arguments, laid over every run. */
  readonly set?: readonly string[]
  /** Replaces the plan's seeds. */
  readonly seeds?: readonly number[]
}

/**
 * Reads a plan and checks every run in it.
 *
 * @throws {@link ConfigError} with everything that is wrong, a line each
 */
export async function loadPlan(file: string, options: PlanOptions = {}): Promise<Plan> {
  return check(await readYaml(file), options).plan
}

/**
 * Checks a plan that was made in code and fills in `base` and `seeds`.
 *
 * @throws {@link ConfigError}
 */
export function parsePlan(plan: Readonly<Record<string, unknown>>): Plan {
  return check(fromPlain(plan, 'plan')).plan
}

/**
 * The runs of a plan: for each variant of `runs`, each combination of `grid`, each seed, in this
 * order of nesting; then those of `include`. The configuration of each is complete and has the run's
 * seed in it. Combinations that `exclude` names are left out, and keys of the grid are where their
 * `when` does not hold.
 *
 * @throws {@link ConfigError} when any of the runs is not valid
 *
 * @example
 * ```ts
 * expandPlan(await loadPlan('plan.yaml')).map(({ name, seed }) => `${name} (seed ${seed})`)
 * ```
 */
export function expandPlan(plan: Plan): PlannedRun[] {
  return check(fromPlain(plan, 'plan')).runs
}

function check(
  source: Sourced,
  { set = [], seeds, ...known }: PlanOptions = {},
): { plan: Plan; runs: PlannedRun[] } {
  const settings = set.map(parseSetting)
  const issues: ConfigIssue[] = []
  const nested = nestSettings(source, settings, issues)
  const sourced = seeds ? overlay(nested, fromPlain({ seeds }, '--seed')) : nested
  const plan = checkPlan(sourced)
  if (!plan.value) throw new ConfigError([...issues, ...plan.issues])
  checkCount(plan.value, source.place)
  const { variants, issues: conditions } = variantsOf(sourced, plan.value.name)
  issues.push(
    ...repeatedNames(variants),
    ...repeatedSeeds(sourced),
    ...strayKeys(sourced, settings),
  )
  const resolved = variants.flatMap(variant => {
    const { value, issues: found } = resolve(variant.settings, known)
    issues.push(...found)
    return value ? [{ ...variant, config: value }] : []
  })
  // What is wrong elsewhere may be why a condition is not met, or why two runs are alike.
  if (issues.length === 0) issues.push(...conditions)
  if (issues.length === 0) issues.push(...repeatedConfigs(resolved), ...noRuns(resolved, source))
  if (issues.length > 0) throw new ConfigError(issues)
  const runs = resolved.flatMap(({ name, config }) =>
    plan.value.seeds.map(seed => ({ name, config: { ...config, seed }, seed })),
  )
  return { plan: plan.value, runs }
}

/**
 * Turns dotted keys into objects, and lays `settings` over the base and over the runs: `exclude` and
 * `when` say which runs are meant, and stay as they are.
 */
function nestSettings(
  source: Sourced,
  settings: readonly Sourced[],
  issues: ConfigIssue[],
): Sourced {
  if (!(source.value instanceof Map)) return source
  const layer = (below: Sourced) =>
    settings.reduce<Sourced>((merged, top) => overlay(merged, top), undot(below, issues))
  const value = new Map(source.value)
  value.set('base', layer(value.get('base') ?? emptyObject(source.place)))
  const eachOf = (key: string, change: (item: Sourced) => Sourced) => {
    const items = value.get(key)
    if (Array.isArray(items?.value)) value.set(key, { ...items, value: items.value.map(change) })
  }
  eachOf('runs', layer)
  eachOf('include', layer)
  eachOf('exclude', entry => undot(entry, issues))
  const when = value.get('when')
  if (when?.value instanceof Map) {
    const entries = [...when.value].map(([key, entry]) => [key, undot(entry, issues)] as const)
    value.set('when', { ...when, value: new Map(entries) })
  }
  return { ...source, value }
}

function checkCount(plan: Plan, place: string): void {
  const count = countVariants(plan) * plan.seeds.length
  if (count <= maxRuns) return
  const message = `expected at most ${maxRuns} runs but the plan makes ${count}`
  throw new ConfigError([{ place, key: '', message }])
}

function repeatedNames(variants: readonly Variant[]): ConfigIssue[] {
  return variants
    .filter(({ name }, index) => variants.findIndex(other => other.name === name) < index)
    .map(({ name, place }) => ({
      place,
      key: 'name',
      message: `expected different names but received ${JSON.stringify(name)} twice. Rename one.`,
    }))
}

/** Two variants of other names that would be the same runs twice. */
function repeatedConfigs(variants: readonly (Variant & { config: RunConfig })[]): ConfigIssue[] {
  const names = new Map<string, string>()
  return variants.flatMap(({ name, place, config }) => {
    const settings = JSON.stringify(config)
    const first = names.get(settings)
    names.set(settings, first ?? name)
    if (first === undefined) return []
    const both = `${JSON.stringify(first)} and ${JSON.stringify(name)}`
    const message = `expected different settings but ${both} have the same. Remove one, or list more \`seeds\`.`
    return [{ place, key: 'name', message }]
  })
}

function noRuns(variants: readonly Variant[], { place }: Sourced): ConfigIssue[] {
  if (variants.length > 0) return []
  return [{ place, key: 'exclude', message: 'expected at least one run but it leaves out all.' }]
}

function repeatedSeeds(source: Sourced): ConfigIssue[] {
  const seeds = at(source, ['seeds'])?.value
  if (!Array.isArray(seeds)) return []
  const values = seeds.map(toPlain)
  return seeds
    .filter((_, index) => values.indexOf(values[index]) < index)
    .map((seed: Sourced) => ({
      place: seed.place,
      key: 'seeds',
      message: `expected different seeds but received ${String(seed.value)} twice. Remove one.`,
    }))
}

/** `seed` belongs to the plan as a whole, and what the grid varies cannot also be fixed. */
function strayKeys(source: Sourced, settings: readonly Sourced[]): ConfigIssue[] {
  const items = ['runs', 'include', 'exclude'].flatMap(key => {
    const value = at(source, [key])?.value
    return Array.isArray(value) ? value : []
  })
  const layers = [at(source, ['base']), ...items, at(source, ['grid'])]
  const seeds = layers.flatMap(layer => (layer ? (at(layer, ['seed']) ?? []) : []))
  const grid = at(source, ['grid'])?.value
  const varied = grid instanceof Map ? [...grid.keys()] : []
  const fixed = varied.filter(key => settings.some(setting => at(setting, key.split('.'))))
  return [
    ...seeds.map(({ place }) => ({
      place,
      key: 'seed',
      message: 'expected no seed in the settings of a plan. List it in `seeds` instead.',
    })),
    ...fixed.map(key => ({
      place: '--set',
      key,
      message: 'the grid of the plan varies this key. Change the plan instead.',
    })),
  ]
}
