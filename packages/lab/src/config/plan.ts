// Plans: base x runs x grid x seeds, expanded to a flat list of named, checked run configurations.
// Every run of a plan is checked before the first one starts.
import { checker } from './check.ts'
import { ConfigError, type ConfigIssue } from './errors.ts'
import { parseSetting } from './load.ts'
import { type KnownNames, resolve } from './resolve.ts'
import { type Plan, planSchema, type RunConfig } from './schema.ts'
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
 * order of nesting. The configuration of each is complete and has the run's seed in it.
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
  const variants = variantsOf(sourced, plan.value.name)
  issues.push(
    ...repeatedNames(variants),
    ...repeatedSeeds(sourced),
    ...strayKeys(sourced, settings),
  )
  const runs = variants.flatMap(({ name, settings }) => {
    const { value, issues: found } = resolve(settings, known)
    issues.push(...found)
    return value ? plan.value.seeds.map(seed => ({ name, config: { ...value, seed }, seed })) : []
  })
  if (issues.length > 0) throw new ConfigError(issues)
  return { plan: plan.value, runs }
}

/** Turns dotted keys of the base and the runs into objects and lays `settings` over each. */
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
  const runs = value.get('runs')
  if (runs && Array.isArray(runs.value))
    value.set('runs', { ...runs, value: runs.value.map(layer) })
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
  const runs = at(source, ['runs'])?.value
  const layers = [at(source, ['base']), ...(Array.isArray(runs) ? runs : []), at(source, ['grid'])]
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
