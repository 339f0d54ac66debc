// `normfree train`: one run, from a recipe, from flags alone, or from where it stopped.
import { basename, extname, join } from 'node:path'
import {
  loadRecipe,
  loadRecorded,
  type RecipeOptions,
  type RunConfig,
  runId,
  train as trainRun,
} from '@normfree/lab'
import { readRun } from '@normfree/runs'
import { checkModelOptions, listModels } from 'normfree'
import type { Context } from '../context.ts'
import { FailedError, InterruptedError, UsageError } from '../errors.ts'
import { mlflowOf, overridesOf, type RunFlags } from '../flags.ts'
import { untilInterrupted } from '../interrupt.ts'
import { outcome, trainProgress } from '../progress.ts'
import { configureEngine } from './engine.ts'

export default async function train(
  this: Context,
  flags: RunFlags,
  recipe?: string,
): Promise<void> {
  const mlflow = mlflowOf(flags)
  const { config, name, dir } = await runOf(flags, recipe)
  configureEngine(flags)
  using progress = trainProgress(this, name)
  const { command } = this
  const { onEvent } = progress
  const resume = flags.resume !== undefined
  const summary = await untilInterrupted(this, signal =>
    trainRun(config, { dir, name, command, resume, signal, onEvent, ...mlflow }),
  )
  if (flags.json) this.printJson(summary)
  else this.print(`${name}: ${outcome(summary)}, recorded in ${dir}`)
  const { status, message } = summary
  if (status === 'interrupted')
    throw new InterruptedError(`interrupted; \`normfree train --resume ${dir}\` goes on`)
  if (status === 'diverged')
    throw new FailedError(`the run diverged: ${message ?? 'no reason given'}`)
}

interface NamedRun {
  config: RunConfig
  name: string
  dir: string
}

/** The run that the arguments describe, or that `--resume DIR` finds. */
async function runOf(flags: RunFlags, recipe: string | undefined): Promise<NamedRun> {
  const overrides = overridesOf(flags)
  const options: RecipeOptions = {
    set: [...overrides, ...(flags.seed === undefined ? [] : [`seed=${flags.seed}`])],
    models: listModels().map(({ name }) => name),
    checkModelOptions,
  }
  const resumed = flags.resume || undefined
  if (resumed !== undefined && flags.out !== undefined)
    throw new UsageError('Expected `--resume DIR` or `--out` but received both. Remove one.')
  if (resumed !== undefined && recipe === undefined)
    return {
      config: loadRecorded(resumed, options),
      name: readRun(resumed).header.name,
      dir: resumed,
    }
  if (recipe === undefined && overrides.length === 0)
    throw new UsageError('Expected a RECIPE or `--set model=NAME` but received neither.')
  const config = await loadRecipe(recipe, options)
  const name = recipe === undefined ? config.model : basename(recipe, extname(recipe))
  const dir = resumed ?? flags.out ?? join('runs', runId({ name, config, seed: config.seed }))
  return { config, name, dir }
}
