// The check of one run's merged settings, shared by recipes and plans.
import { nearestNames } from 'normfree/nearest'
import { type Checked, checker } from './check.ts'
import type { ConfigIssue } from './errors.ts'
import { type RunConfig, runConfigSchema } from './schema.ts'
import { at, placeOf, type Sourced } from './sourced.ts'

/** What a recipe or a plan may be checked against besides the schema. */
export interface KnownNames {
  /** Names of models; without them any name is accepted. */
  readonly models?: readonly string[] | undefined
  /** Throws for options that the model does not have; without it any are accepted. */
  readonly checkModelOptions?: ((model: string, options: object) => void) | undefined
}

const checkRunConfig = checker(runConfigSchema)

/** Checks merged settings and fills in the defaults. */
export function resolve(settings: Sourced, known: KnownNames): Checked<RunConfig> {
  const { models } = known
  const checked = checkRunConfig(settings)
  const model = at(settings, ['model'])
  if (models && typeof model?.value === 'string' && !models.includes(model.value)) {
    const message = `expected the name of a model but received ${JSON.stringify(model.value)}. ${hint(model.value, models)}`
    return { issues: [...checked.issues, { place: model.place, key: 'model', message }] }
  }
  const issues = checked.value ? optionIssues(settings, checked.value, known) : []
  return issues.length > 0 ? { issues } : checked
}

/** Options that the data decides. */
const OF_DATA = ['numClasses', 'inChans']

function optionIssues(
  settings: Sourced,
  { model, modelOptions = {} }: RunConfig,
  { checkModelOptions }: KnownNames,
): ConfigIssue[] {
  const issue = (message: string, ...path: string[]): ConfigIssue => ({
    place: placeOf(settings, ['modelOptions', ...path]),
    key: ['modelOptions', ...path].join('.'),
    message,
  })
  const ofData = OF_DATA.filter(name => name in modelOptions)
  if (ofData.length > 0)
    return ofData.map(name => issue('expected nothing, as the data decides it. Remove it.', name))
  try {
    checkModelOptions?.(model, modelOptions)
    return []
  } catch (error) {
    return [issue((error as Error).message.replace(/^E/, 'e'))]
  }
}

function hint(name: string, models: readonly string[]): string {
  const nearest = nearestNames(name, models)
  if (nearest.length === 0) return '`normfree models` lists them.'
  return `Did you mean ${nearest.join(' or ')}?`
}
