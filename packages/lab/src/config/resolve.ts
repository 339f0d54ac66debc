// The check of one run's merged settings, shared by recipes and plans.
import { nearestNames } from 'normfree/nearest'
import { type Checked, checker } from './check.ts'
import { type RunConfig, runConfigSchema } from './schema.ts'
import { at, type Sourced } from './sourced.ts'

/** What a recipe or a plan may be checked against besides the schema. */
export interface KnownNames {
  /** Names of models; without them any name is accepted. */
  readonly models?: readonly string[] | undefined
}

const checkRunConfig = checker(runConfigSchema)

/** Checks merged settings and fills in the defaults. */
export function resolve(settings: Sourced, { models }: KnownNames): Checked<RunConfig> {
  const checked = checkRunConfig(settings)
  const model = at(settings, ['model'])
  if (!models || typeof model?.value !== 'string' || models.includes(model.value)) return checked
  const message = `expected the name of a model but received ${JSON.stringify(model.value)}. ${hint(model.value, models)}`
  return { issues: [...checked.issues, { place: model.place, key: 'model', message }] }
}

function hint(name: string, models: readonly string[]): string {
  const nearest = nearestNames(name, models)
  if (nearest.length === 0) return '`normfree models` lists them.'
  return `Did you mean ${nearest.join(' or ')}?`
}
