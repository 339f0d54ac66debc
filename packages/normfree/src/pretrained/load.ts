// Weights into a model, from a file or from the Hugging Face hub.
import { readFileSync } from 'node:fs'
import { ArgumentError, nn, tidy } from '@normfree/torch'
import { WeightsError } from '../errors.ts'
import type { ModelOptions } from '../models/entry.ts'
import { outlined } from '../outline.ts'
import { createModel } from '../registry.ts'
import { fromHaiku, isHaiku } from './deepmind.ts'
import { fit } from './fit.ts'
import { type HubModel, type HubOptions, hubFiles } from './hub.ts'
import { type Preprocessing, preprocessingOf, withPretrainedCfg } from './preprocessing.ts'
import { readWeights } from './read.ts'
import { likeness } from './recognise.ts'
import { parseSource } from './source.ts'
import { classifierOf, type State } from './state.ts'

/** What was loaded, and what of the model did not come from the file. */
export interface LoadedWeights {
  /** The file; of a model on the hub, the one in the cache. */
  path: string
  /** The file has another number of classes: the model's classifier is as it was. */
  newClassifier: boolean
  /** The file is for RGB images, the model not: its first kernel is made of the file's. */
  adaptedInput: boolean
}

/**
 * Loads weights into `model`, in place. `source` is a .safetensors or PyTorch file with the names of
 * the model's state dict (timm's), an .npz of DeepMind's NFNets with Haiku's names (the published
 * pickles, or real .npz), or a model on the hub: `timm/nf_resnet50.ra2_in1k`, `hf-hub:owner/name@revision`.
 *
 * As in timm, a classifier for another number of classes is left out, and the first kernel is adapted
 * to other image channels: summed over the channels for one, repeated and scaled for others.
 *
 * @throws WeightsError (an ArgumentError) when there is no such file or model, when a download is not
 * what the hub says it is, and when names or shapes do not fit: then it lists the missing, the
 * unexpected and the misshapen, says whose weights they look like, and changes nothing.
 */
export async function loadPretrained(
  model: nn.Module,
  source: string,
  options: HubOptions = {},
): Promise<LoadedWeights> {
  return (await findPretrained(source, options))(model)
}

/**
 * Finds the weights of `source` (see loadPretrained), downloading them where they are not here yet.
 *
 * @returns loads them into a model, in place and at once; throws as loadPretrained when they do not fit
 * @throws WeightsError when there is no such model, or a download is not what the hub says it is.
 */
export async function findPretrained(
  source: string,
  options: HubOptions = {},
): Promise<(model: nn.Module) => LoadedWeights> {
  const { path } = await locate(source, options)
  return model => tidy(() => load(model, readWeights(path), path))
}

/** A model with weights, and what its images must go through. */
export interface Pretrained {
  model: nn.Module
  preprocessing: Preprocessing
}

/**
 * The registry's model `name` with the weights of `source` (see loadPretrained) and, unless
 * `numClasses` is given, with as many classes as these have. Preprocessing is that of the hub's
 * `config.json` where there is one, else the registry's.
 *
 * @throws UnknownModelError, and WeightsError as loadPretrained.
 * @example
 * const { model, preprocessing } = await createPretrained('nf_resnet50', 'timm/nf_resnet50.ra2_in1k')
 */
export async function createPretrained(
  name: string,
  source: string,
  { cacheDir, hubUrl, onDownload, numClasses, ...options }: ModelOptions & HubOptions = {},
): Promise<Pretrained> {
  const base = preprocessingOf(name)
  const { path, config } = await locate(source, { cacheDir, hubUrl, onDownload })
  const preprocessing = withPretrainedCfg(base, config)
  return tidy(() => {
    const state = readWeights(path)
    const model =
      numClasses === undefined
        ? nn.utils.skipInit(() => createModel(name, { ...options, ...classesOf(state, name) }))
        : createModel(name, { ...options, numClasses })
    load(model, state, path)
    return { model, preprocessing }
  })
}

/** The number of classes that the weights have, as an option; none where they have no classifier. */
function classesOf(state: State, name: string): ModelOptions {
  const classifier = outlined(
    () => createModel(name),
    model => named(state, model).get(`${classifierOf(model)}.weight`),
  )
  return classifier ? { numClasses: classifier.shape[0] } : {}
}

const named = (state: State, model: nn.Module): State =>
  isHaiku(state) ? fromHaiku(state, model) : state

function load(model: nn.Module, given: State, path: string): LoadedWeights {
  const { state, newClassifier, adaptedInput } = fit(named(given, model), model)
  try {
    model.loadStateDict(state)
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    throw new WeightsError(`${error.message.slice(0, -1)} (${path}).${likeness(given)}`, {
      cause: error,
    })
  }
  return { path, newClassifier, adaptedInput }
}

interface Located {
  path: string
  /** `pretrained_cfg` of the hub's config.json; empty without one. */
  config: Readonly<Record<string, unknown>>
}

/** As timm, safetensors before PyTorch's file. */
const HUB_WEIGHTS = ['model.safetensors', 'pytorch_model.bin']
const HUB_CONFIG = ['config.json']

async function locate(source: string, options: HubOptions): Promise<Located> {
  const parsed = parseSource(source)
  if (parsed.kind === 'file') return { path: parsed.path, config: {} }
  const [path, config] = await hubFiles(parsed, [HUB_WEIGHTS, HUB_CONFIG], options)
  if (!path) throw noWeights(parsed)
  return { path, config: config ? pretrainedCfg(config) : {} }
}

const noWeights = ({ repo, revision }: HubModel) =>
  new WeightsError(
    `Expected ${HUB_WEIGHTS.join(' or ')} in ${repo} (${revision}) but received a model without them.`,
  )

function pretrainedCfg(path: string): Located['config'] {
  try {
    const { pretrained_cfg: config } = JSON.parse(readFileSync(path, 'utf8'))
    return typeof config === 'object' && config !== null ? config : {}
  } catch (error) {
    throw new WeightsError(
      `Expected a JSON object in config.json but received ${(error as Error).message} (${path}).`,
      { cause: error },
    )
  }
}
