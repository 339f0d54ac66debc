// The variants of a plan: every entry of `runs` with every combination of `grid` that `when` and
// `exclude` leave, and what `include` adds; merged but not yet checked. Seeds are no variants: they
// repeat each one.
import { Conditions } from './condition.ts'
import type { ConfigIssue } from './errors.ts'
import type { Plan } from './plan-schema.ts'
import { at, emptyObject, nest, overlay, type Sourced, toPlain } from './sourced.ts'

/** One variant: the settings of its layers merged, and where its name was written. */
export interface Variant {
  readonly name: string
  readonly place: string
  readonly settings: Sourced
}

/** How many variants a plan has before any is left out, without making them. */
export function countVariants({ runs, grid, include }: Plan): number {
  const combinations = Object.values(grid ?? {}).reduce((total, { length }) => total * length, 1)
  return (runs?.length ?? 1) * combinations + (include?.length ?? 0)
}

/**
 * The variants of a plan whose outline was checked: runs first, then the grid's last key fastest, then
 * those of `include`; and the conditions that no variant meets.
 */
export function variantsOf(
  plan: Sourced,
  planName: string,
): { variants: Variant[]; issues: ConfigIssue[] } {
  const base = at(plan, ['base']) ?? emptyObject(plan.place)
  const grid = entriesAt(plan, 'grid')
  const exclude = itemsAt(plan, 'exclude') ?? []
  const conditions = new Conditions(new Map(entriesAt(plan, 'when')), exclude)
  const combinations = combine(grid)
  const runs = itemsAt(plan, 'runs')
  const include = itemsAt(plan, 'include') ?? []
  // A plan of `include` alone has no other runs.
  const crossed = runs ?? (grid.length === 0 && include.length > 0 ? [] : [undefined])
  const variants = crossed.flatMap(run =>
    differing(combinations.map(choices => applied(layer(base, run), choices, conditions)))
      .filter(({ settings, run }) => !conditions.exclude(settings, run?.name))
      .map(combination => variant(combination, planName)),
  )
  const included = include.map(run => variant({ ...layer(base, run), choices: [] }, planName))
  return {
    variants: [...variants, ...included],
    issues: conditions.issues(grid.map(([key]) => key)),
  }
}

/** One value chosen for a key of the grid. */
interface Choice {
  readonly key: string
  readonly item: Sourced
}

/** A run laid over the base, and the choices that apply to it. */
interface Combination {
  readonly run: { readonly name: string; readonly place: string } | undefined
  readonly settings: Sourced
  readonly choices: readonly Choice[]
}

function combine(grid: readonly (readonly [string, Sourced])[]): Choice[][] {
  return grid.reduce<Choice[][]>(
    (combinations, [key, { value: items }]) =>
      combinations.flatMap(chosen =>
        (items as readonly Sourced[]).map((item): Choice[] => [...chosen, { key, item }]),
      ),
    [[]],
  )
}

/** Lays choices over a run: first those without a condition, then those whose condition holds. */
function applied(
  { run, settings }: Omit<Combination, 'choices'>,
  choices: readonly Choice[],
  conditions: Conditions,
): Combination {
  const lay = (below: Sourced, { key, item }: Choice) => overlay(below, nest(key, item))
  const applying = new Set(choices.filter(({ key }) => !conditions.when.has(key)))
  let merged = [...applying].reduce(lay, settings)
  for (const choice of choices) {
    const condition = conditions.when.get(choice.key)
    if (!condition || !conditions.hold(condition, merged, run?.name)) continue
    applying.add(choice)
    merged = lay(merged, choice)
  }
  return { run, settings: merged, choices: choices.filter(choice => applying.has(choice)) }
}

/** Combinations that differ in the choices that apply; what `when` made equal is one. */
function differing(combinations: readonly Combination[]): Combination[] {
  const numbers = new Map<Sourced, number>()
  const numberOf = ({ item }: Choice) => {
    if (!numbers.has(item)) numbers.set(item, numbers.size)
    return numbers.get(item)
  }
  const distinct = new Map<string, Combination>()
  for (const combination of combinations) {
    const id = combination.choices.map(numberOf).join(' ')
    if (!distinct.has(id)) distinct.set(id, combination)
  }
  return [...distinct.values()]
}

function variant({ run, settings, choices }: Combination, planName: string): Variant {
  const labels = choices.map(({ key, item }) => `${key} ${label(toPlain(item))}`)
  const ownName = run ? [run.name] : labels.length === 0 ? [planName] : []
  return {
    name: [...ownName, ...labels].join(', '),
    place: choices.at(-1)?.item.place ?? run?.place ?? settings.place,
    settings,
  }
}

/** An entry of `runs` or `include` over the base, and its name. */
function layer(base: Sourced, run: Sourced | undefined): Omit<Combination, 'choices'> {
  if (!run) return { run: undefined, settings: base }
  const entries = [...(run.value as ReadonlyMap<string, Sourced>)]
  const own = { place: run.place, value: new Map(entries.filter(([key]) => key !== 'name')) }
  const name = at(run, ['name'])!
  return { run: { name: String(name.value), place: name.place }, settings: overlay(base, own) }
}

function itemsAt(plan: Sourced, key: string): readonly Sourced[] | undefined {
  const items = at(plan, [key])?.value
  return Array.isArray(items) ? items : undefined
}

function entriesAt(plan: Sourced, key: string): [string, Sourced][] {
  const value = at(plan, [key])?.value
  return value instanceof Map ? [...value] : []
}

const label = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
