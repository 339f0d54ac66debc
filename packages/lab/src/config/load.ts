// From files and `--set` arguments to a checked run configuration. Plans are plan.ts.
import { join } from 'node:path'
import { readRun } from '@normfree/runs'
import { ConfigError, type ConfigIssue } from './errors.ts'
import { decisive, differences } from './neutral.ts'
import { type KnownNames, resolve } from './resolve.ts'
import type { RunConfig, Settings } from './schema.ts'
import { emptyObject, fromPlain, nest, overlay, type Sourced, undot } from './sourced.ts'
import { parseYaml, readYaml } from './yaml.ts'

/** What `loadRecipe` changes in the recipe that it reads, and what it checks it against. */
export interface RecipeOptions extends KnownNames {
  /** `key=value` arguments, later ones win; values are YAML (`clip={kind: agc}`). */
  readonly set?: readonly string[]
}

/**
 * Reads a recipe and lays `--set` arguments over it.
 *
 * @param file - path of the YAML file; without one, `set` alone is the recipe
 * @throws {@link ConfigError} with everything that is wrong, a line each
 *
 * @example
 * ```ts
 * const config = await loadRecipe('recipe.yaml', { set: ['optimizer.lr=0.2', 'seed=1'] })
 * ```
 */
export async function loadRecipe(
  file: string | undefined,
  options: RecipeOptions = {},
): Promise<RunConfig> {
  const base = file === undefined ? emptyObject('--set') : await readYaml(file)
  return resolveLayers([base, ...(options.set ?? []).map(parseSetting)], options)
}

/**
 * The configuration of the run that is recorded in `dir`, with `--set` arguments laid over it.
 *
 * @throws {@link ConfigError} for arguments that would change what the run computes
 */
export function loadRecorded(dir: string, options: RecipeOptions = {}): RunConfig {
  const { config } = readRun(dir).header
  const base = fromPlain(config, join(dir, 'run.json'))
  const recorded = resolveLayers([base], options)
  const changed = resolveLayers([base, ...(options.set ?? []).map(parseSetting)], options)
  const keys = differences(decisive(recorded), decisive(changed))
  if (keys.length === 0) return changed
  const message =
    'expected the value that the run began with, as a resumed run ends where it would have without a stop. Remove this, or train anew in another folder.'
  throw new ConfigError(keys.map(key => ({ place: '--set', key, message })))
}

/**
 * Checks settings that were made in code and fills in the defaults.
 *
 * @throws {@link ConfigError}
 */
export function parseRunConfig(settings: Settings): RunConfig {
  return resolveLayers([fromPlain(settings, 'recipe')])
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
function resolveLayers(layers: readonly Sourced[], known: KnownNames = {}): RunConfig {
  const issues: ConfigIssue[] = []
  const merged = layers.map(layer => undot(layer, issues)).reduce((a, b) => overlay(a, b))
  const checked = resolve(merged, known)
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
