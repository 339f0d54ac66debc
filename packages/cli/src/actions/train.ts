// `normfree train`: one run, from a recipe or from flags alone.
import { basename, extname, join } from 'node:path'
import { loadRecipe, runId, train as trainRun } from '@normfree/lab'
import { checkModelOptions, listModels } from 'normfree'
import type { Context } from '../context.ts'
import { FailedError, InterruptedError, UsageError } from '../errors.ts'
import { mlflowOf, overridesOf, type TrainingFlags } from '../flags.ts'
import { untilInterrupted } from '../interrupt.ts'
import { outcome, trainProgress } from '../progress.ts'
import { configureEngine } from './engine.ts'

export default async function train(
  this: Context,
  flags: TrainingFlags,
  recipe?: string,
): Promise<void> {
  const overrides = overridesOf(flags)
  const mlflow = mlflowOf(flags)
  if (recipe === undefined && overrides.length === 0) {
    throw new UsageError('Expected a RECIPE or `--set model=NAME` but received neither.')
  }
  const seed = flags.seed === undefined ? [] : [`seed=${flags.seed}`]
  const models = listModels().map(({ name }) => name)
  const config = await loadRecipe(recipe, {
    set: [...overrides, ...seed],
    ...{ models, checkModelOptions },
  })
  configureEngine(flags)
  const name = recipe === undefined ? config.model : basename(recipe, extname(recipe))
  const dir = flags.out ?? join('runs', runId({ name, config, seed: config.seed }))
  using progress = trainProgress(this, name)
  const { command } = this
  const summary = await untilInterrupted(this, signal =>
    trainRun(config, { dir, name, command, signal, onEvent: progress.onEvent, ...mlflow }),
  )
  if (flags.json) this.printJson(summary)
  else this.print(`${name}: ${outcome(summary)}, recorded in ${dir}`)
  const { status, message } = summary
  if (status === 'interrupted')
    throw new InterruptedError(`interrupted; what was done is in ${dir}`)
  if (status === 'diverged')
    throw new FailedError(`the run diverged: ${message ?? 'no reason given'}`)
}
