// Whose weights a state dict looks like, for the message that refuses it.
import { nn } from '@normfree/torch'
import { listModels, modelEntry } from '../registry.ts'
import type { State } from './state.ts'

/** Share of entries in common above which a likeness is worth a word. */
const ALIKE = 0.5

/**
 * A sentence that names the model whose names and shapes are those of `state`, or the one with most in
 * common; empty where none is alike. Builds every model of the registry, without weights.
 */
export function likeness(state: State): string {
  const given = entriesOf(state)
  const scored = listModels().map(({ name }) => ({ name, score: shareWith(name, given) }))
  const best = Math.max(...scored.map(({ score }) => score))
  if (best < ALIKE) return ''
  const names = scored.filter(({ score }) => score === best).map(({ name }) => name)
  const shown = names.slice(0, 3).join(', ')
  return best === 1 ? ` It is a file of ${shown}.` : ` It looks most like ${shown}.`
}

const entriesOf = (state: State): Set<string> =>
  new Set(Array.from(state, ([name, { shape }]) => `${name} ${shape}`))

/** Entries in common over all that either has. */
function shareWith(name: string, given: ReadonlySet<string>): number {
  const model = nn.utils.skipInit(() => modelEntry(name).create({}))
  const state = model.stateDict()
  const own = entriesOf(state)
  for (const tensor of state.values()) tensor.dispose()
  const common = [...own].filter(entry => given.has(entry)).length
  return common / (own.size + given.size - common)
}
