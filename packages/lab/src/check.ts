// `normfree check` without its printing: where the model, its weights and the recipe come from.
import type { nn } from '@normfree/torch'
import {
  applyFixes,
  type CheckedTraining,
  type CheckOptions,
  checkModel,
  checkResolution,
  type Finding,
  type Fix,
  listModels,
} from 'normfree'
import { loadRecipe, type RunConfig } from './config/index.ts'
import { loadData } from './data/index.ts'
import { modelOf } from './model-of.ts'
import { matchesName } from './train/names.ts'
import { peakLr } from './train/schedule.ts'

/** What is to be checked. One of `model`, `module` and `recipe` names the model. */
export interface CheckRequest {
  /** Name of a model of the registry. Default: the recipe's. */
  model?: string
  /** A file that exports a module (see loadModuleFile). */
  module?: string
  /** Weights to check the model with (see loadPretrained). Default: new ones. */
  weights?: string
  /** YAML file of a run: what it is trained with decides whether silent branches wake up. */
  recipe?: string
  /** Steps of training. Default: the recipe's epochs, for which its data is loaded. */
  steps?: number
  /** Side of the noise images in pixels. Default: the recipe's data's, the model's, or 224. */
  resolution?: number
  /** Apply the fixes and check again. Default false. */
  fix?: boolean
}

/** What the check says. */
export interface CheckReport {
  model: string
  /** What went in, in words. */
  input: string
  findings: Finding[]
  /** With `fix`: the settings to change, and what is found when they are changed. */
  fixed: { fixes: Fix[]; findings: Finding[] } | null
}

/**
 * Checks one model on noise (see checkModel).
 *
 * @throws UnknownModelError, WeightsError, ModuleFileError, ConfigError and DataError for what cannot
 * be used; ArgumentError for a resolution below the model's strides, and for a model that fails.
 */
export async function check(request: CheckRequest): Promise<CheckReport> {
  const config = request.recipe === undefined ? null : await recipeOf(request.recipe)
  const {
    model,
    name,
    side: own,
    channels,
  } = await modelOf({ ...request, model: request.model ?? config?.model })
  const training = config && (await trainingOf(config, model, request.steps))
  const side = request.resolution ?? training?.side ?? own
  if (request.module === undefined) checkResolution(name, side)
  const options: CheckOptions = {
    shape: [channels, side, side],
    ...(training && { training: training.plan }),
  }
  const findings = checkModel(model, options)
  const input = `N(0, 1) noise, ${channels} x ${side} x ${side}`
  return { model: name, input, findings, fixed: request.fix ? fix(model, findings, options) : null }
}

function fix(model: nn.Module, findings: readonly Finding[], options: CheckOptions) {
  const fixes = findings.flatMap(finding => finding.fixes)
  return { fixes, findings: checkModel(model, applyFixes(model, fixes, options)) }
}

const recipeOf = (file: string): Promise<RunConfig> =>
  loadRecipe(file, { models: listModels().map(({ name }) => name) })

/** How the recipe trains; its data is loaded for the number of steps, and then says the side. */
async function trainingOf(config: RunConfig, model: nn.Module, steps?: number) {
  const data = steps === undefined ? await loadData(config.data) : null
  const stepsPerEpoch = Math.floor((data?.train.length ?? 0) / config.batchSize)
  const { optimizer, clip } = config
  // What bounds a step of SGD bounds none of an optimizer that divides by the size of gradients.
  const isSgd = optimizer.kind === undefined || optimizer.kind === 'sgd'
  const plan: CheckedTraining = {
    ...{ lr: peakLr(config), momentum: isSgd ? optimizer.momentum : 0 },
    steps: steps ?? config.epochs * stepsPerEpoch,
    clip:
      clip.kind === 'agc' && isSgd
        ? { factor: clip.factor, eps: clip.eps, exclude: excludedNames(model, clip.exclude) }
        : null,
  }
  return { plan, side: data ? Math.min(data.height, data.width) : undefined }
}

/** The parameters that the recipe leaves unclipped; a module of one's own need not have what it names. */
const excludedNames = (model: nn.Module, exclude: readonly string[]): string[] =>
  Array.from(model.namedParameters(), ([name]) => name).filter(name =>
    exclude.some(pattern => matchesName(name, pattern)),
  )
