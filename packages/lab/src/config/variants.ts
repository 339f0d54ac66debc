// The variants of a plan: every entry of `runs` with every combination of `grid`, merged but not
// yet checked. Seeds are no variants: they repeat each one.
import type { Plan } from './schema.ts'
import { at, emptyObject, nest, overlay, type Sourced, toPlain } from './sourced.ts'

/** One variant: the settings of its layers merged, and where its name was written. */
export interface Variant {
  readonly name: string
  readonly place: string
  readonly settings: Sourced
}

/** How many variants a plan has, without making them. */
export function countVariants({ runs, grid }: Plan): number {
  const combinations = Object.values(grid ?? {}).reduce((total, { length }) => total * length, 1)
  return (runs?.length ?? 1) * combinations
}

/** The variants of a plan whose outline was checked, runs first, then the grid's last key fastest. */
export function variantsOf(plan: Sourced, planName: string): Variant[] {
  const base = at(plan, ['base']) ?? emptyObject(plan.place)
  const runs = at(plan, ['runs'])?.value
  const grid = at(plan, ['grid'])?.value
  const combinations = grid instanceof Map ? combine([...grid]) : [[]]
  const variants = Array.isArray(runs) ? runs : [undefined]
  return variants.flatMap((run: Sourced | undefined) =>
    combinations.map(choices => variant(base, run, choices, planName)),
  )
}

/** One value chosen for each key of the grid. */
type Choice = readonly [key: string, item: Sourced]

function combine(grid: readonly (readonly [string, Sourced])[]): Choice[][] {
  return grid.reduce<Choice[][]>(
    (combinations, [key, { value: items }]) =>
      combinations.flatMap(chosen =>
        (items as readonly Sourced[]).map((item): Choice[] => [...chosen, [key, item]]),
      ),
    [[]],
  )
}

function variant(
  base: Sourced,
  run: Sourced | undefined,
  choices: readonly Choice[],
  planName: string,
): Variant {
  const layers = [
    ...(run ? [withoutName(run)] : []),
    ...choices.map(([key, item]) => nest(key, item)),
  ]
  const settings = layers.reduce((below, above) => overlay(below, above), base)
  const runName = run && at(run, ['name'])
  const labels = choices.map(([key, item]) => `${key} ${label(toPlain(item))}`)
  const ownName = runName ? [String(runName.value)] : labels.length === 0 ? [planName] : []
  return {
    name: [...ownName, ...labels].join(', '),
    place: choices.at(-1)?.[1].place ?? runName?.place ?? base.place,
    settings,
  }
}

function withoutName(run: Sourced): Sourced {
  const entries = [...(run.value as ReadonlyMap<string, Sourced>)]
  return { place: run.place, value: new Map(entries.filter(([key]) => key !== 'name')) }
}

const label = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
