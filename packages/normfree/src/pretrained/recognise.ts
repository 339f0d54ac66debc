// Whose weights a state dict looks like, for the message that refuses it.
import type { ModelEntry } from '../models/entry.ts'
import { outlined } from '../outline.ts'
import { listModels } from '../registry.ts'
import type { State } from './state.ts'

/** Share of entries in common above which a likeness is worth a word. */
const ALIKE = 0.5
/** Series that are looked at in full: the first of a series may be built of other blocks. */
const NEAR = 4

/**
 * A sentence that names the model whose names and shapes are those of `state`, or one with most in
 * common; empty where none is alike. The registry's models are compared without weights: of each
 * series (names that differ in a number) the first, and of the most alike ones the others.
 */
export function likeness(state: State): string {
  const given = entriesOf(state)
  const ranked = seriesOf(listModels())
    .map(series => ({ series, score: seriesLikeness(entriesOfModel(series[0]), given) }))
    .sort((a, b) => b.score - a.score)
  const near = ranked.slice(0, NEAR).flatMap(({ series }) => scoresOf(series, given))
  const score = Math.max(...near.map(each => each.score))
  const names = near.filter(each => each.score === score).map(({ name }) => name)
  if (score < ALIKE) return ''
  const shown = names.join(' or ')
  return score === 1 ? ` It is a file of ${shown}.` : ` It looks most like ${shown}.`
}

/** Names and shapes, as texts. */
type Entries = ReadonlySet<string>

const entriesOf = (state: State): Entries =>
  new Set(Array.from(state, ([name, { shape }]) => `${name} ${shape}`))

const entriesOfModel = ({ create }: ModelEntry): Entries =>
  outlined(
    () => create({}),
    model => entriesOf(model.stateDict()),
  )

function seriesOf(models: readonly ModelEntry[]): ModelEntry[][] {
  const series = new Map<string, ModelEntry[]>()
  for (const entry of models) {
    const key = `${entry.family} ${withoutNumbers(entry.name)}`
    series.set(key, [...(series.get(key) ?? []), entry])
  }
  return [...series.values()]
}

const withoutNumbers = (text: string): string => text.replace(/\d+/g, '#')

/** Models of a series differ in numbers of blocks: names without numbers decide, then shapes too. */
function seriesLikeness(first: Entries, given: Entries): number {
  const patterns = (entries: Entries, withShapes: boolean) =>
    new Set(
      Array.from(entries, entry => {
        const [name, shape] = entry.split(' ')
        return withShapes ? `${withoutNumbers(name)} ${shape}` : withoutNumbers(name)
      }),
    )
  const share = (withShapes: boolean) =>
    overlap(patterns(first, withShapes), patterns(given, withShapes))
  return share(false) + share(true)
}

/** In common over all that either has. */
function overlap(a: Entries, b: Entries): number {
  const common = [...a].filter(entry => b.has(entry)).length
  return common / (a.size + b.size - common)
}

function scoresOf(series: readonly ModelEntry[], given: Entries) {
  const scores: { name: string; score: number }[] = []
  for (const entry of series) {
    const own = entriesOfModel(entry)
    scores.push({ name: entry.name, score: overlap(own, given) })
    // They grow along a series, with exceptions, up to a thousand layers.
    if (own.size > 2 * given.size) break
  }
  return scores
}
