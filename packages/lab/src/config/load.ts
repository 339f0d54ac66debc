// From files and `--set` arguments to a checked run configuration. Plans are plan.ts.
import { checker } from './check.ts'
import { ConfigError, type ConfigIssue } from './errors.ts'
import { type RunConfig, runConfigSchema, type Settings } from './schema.ts'
import { emptyObject, fromPlain, nest, overlay, type Sourced, undot } from './sourced.ts'
import { parseYaml, readYaml } from './yaml.ts'

const checkRunConfig = checker(runConfigSchema)

/**
 * Reads a recipe and lays `--set` arguments over it.
 *
 * @param file - path of the YAML file; without one, the overrides alone are the recipe
 * @param overrides - `key=value` arguments, later ones win; values are YAML (`clip={kind: agc}`)
 * @throws {@link ConfigError} with everything that is wrong, a line each
 *
 * @example
 * ```ts
 * const config = await loadRecipe('recipe.yaml', ['optimizer.lr=0.2', 'seed=1'])
 * ```
 */
export async function loadRecipe(
  file: string | undefined,
  overrides: readonly string[] = [],
): Promise<RunConfig> {
  const base = file === undefined ? emptyObject('--set') : await readYaml(file)
  return resolveRunConfig([base, ...overrides.map(parseSetting)])
}

/**
 * Checks settings that were made in code and fills in the defaults.
 *
 * @throws {@link ConfigError}
 */
export function parseRunConfig(settings: Settings): RunConfig {
  return resolveRunConfig([fromPlain(settings, 'recipe')])
}

/** Parses one `key=value` argument of `--set` to the nested object that it stands for. */
export function parseSetting(argument: string): Sourced {
  const place = '--set'
  const equals = argument.indexOf('=')
  if (equals < 1) {
    const message = `expected key=value but received ${JSON.stringify(argument)}`
    throw new ConfigError([{ place, key: '', message }])
  }
  const key = argument.slice(0, equals)
  const value = parseYaml(argument.slice(equals + 1), place)
  return nest(key, replacePlaces(value, place))
}

/** Lays layers over each other, the last one on top, and checks the result. */
function resolveRunConfig(layers: readonly Sourced[]): RunConfig {
  const issues: ConfigIssue[] = []
  const merged = layers.map(layer => undot(layer, issues)).reduce((a, b) => overlay(a, b))
  const checked = checkRunConfig(merged)
  issues.push(...checked.issues)
  if (!checked.value || issues.length > 0) throw new ConfigError(issues)
  return checked.value
}

function replacePlaces({ value }: Sourced, place: string): Sourced {
  if (value instanceof Map) {
    return { place, value: new Map([...value].map(([k, item]) => [k, replacePlaces(item, place)])) }
  }
  return {
    place,
    value: Array.isArray(value) ? value.map(item => replacePlaces(item, place)) : value,
  }
}
