// Where a signal is to be measured: a model by name or out of a file, at initialisation or from a
// checkpoint, on noise or on images.
import type { nn, Tensor } from '@normfree/torch'
import {
  checkResolution,
  createModel,
  createPretrained,
  type DrawOptions,
  drawSignal,
  initialSignal,
  loadPretrained,
  type MeasureOptions,
  type ModelOptions,
  modelEntry,
  noiseInput,
  openBranches,
  releaseModel,
  type Signal,
  type SignalSource,
} from 'normfree'
import { type Batch, batches, DataError, type ImageData, loadData } from '../data/index.ts'
import { channelsOf } from '../model-of.ts'
import { loadModuleFile } from '../module-file.ts'
import { toTensors } from '../train/step.ts'

/** What {@link signalOf} measures. */
export interface SignalRequest extends Pick<MeasureOptions, 'blocks' | 'statistics'> {
  /** Of the registry. */
  model?: string
  /** Options of `model`, as createModel takes them. */
  modelOptions?: ModelOptions
  /** Path of a module file, instead of `model`. */
  module?: string
  /** Weights as loadPretrained takes them. Default: new ones in each draw. */
  weights?: string
  /** Images, as loadData names them; those for testing are taken. Default: N(0, 1) noise. */
  data?: string
  /** Default 5, fewer for large models; with `weights` on noise, of the noise alone. */
  draws?: number
  /** Samples in a draw. Default 16, fewer for large models. */
  batch?: number
  /**
   * Side of noise images, and of those of a folder, in pixels. Default: for noise what the registry has
   * for plots, or 128 for a module file; for images what the registry has for training, or 32.
   */
  resolution?: number
}

const DRAWS = 5
const BATCH = 16
const MODULE_SIDE = { noise: 128, images: 32 }

/**
 * The signal of a model, in training mode: with new weights and open branches, or with the weights of a
 * checkpoint as they are.
 *
 * @throws UnknownModelError, ModuleFileError, WeightsError and DataError for what cannot be used, and
 * ArgumentError as measureSignal.
 */
export async function signalOf(request: SignalRequest): Promise<Signal> {
  const { model, modelOptions, module, weights, data, draws, batch, resolution, ...measured } =
    request
  if (model !== undefined && !weights && !data)
    return initialSignal(model, { ...modelOptions, draws, batch, resolution, ...measured })
  const images = data ? await imagesOf(request, data) : null
  const models = await modelsOf(request, images?.classes)
  const noise = images ? null : noiseOf(request, models.create)
  const source = { ...models, ...(images ?? noise) } as SignalSource
  const options: DrawOptions = { ...measured, draws: images?.draws ?? draws ?? DRAWS }
  return drawSignal(source, { ...options, ...(images && { labels: images.labels }) })
}

type Models = Pick<SignalSource, 'name' | 'create' | 'release'>

async function modelsOf(
  { model, modelOptions, module, weights }: SignalRequest,
  numClasses?: number,
): Promise<Models> {
  if (module !== undefined) return modelsOfFile(module, weights)
  const name = model as string
  if (weights) {
    const pretrained = await createPretrained(name, weights, modelOptions)
    return { name, create: () => pretrained.model }
  }
  const options = { ...modelOptions, ...(numClasses !== undefined && { numClasses }) }
  return { name, create: () => opened(createModel(name, options)), release: releaseModel }
}

async function modelsOfFile(path: string, weights?: string): Promise<Models> {
  const { name, create, redraws } = await loadModuleFile(path)
  if (!weights)
    return { name, create: () => opened(create()), ...(redraws && { release: releaseModel }) }
  const model = create()
  await loadPretrained(model, weights)
  return { name, create: () => model }
}

function opened(model: nn.Module): nn.Module {
  openBranches(model)
  return model
}

type Inputs = Pick<SignalSource, 'images' | 'input' | 'expect'>

function noiseOf(request: SignalRequest, create: () => nn.Module): Inputs {
  const { model, modelOptions, batch = BATCH, resolution, blocks } = request
  const side = resolution ?? (model ? modelEntry(model).signalResolution : MODULE_SIDE.noise)
  if (model) checkResolution(model, side)
  const channels = model ? (modelOptions?.inChans ?? 3) : channelsOf(create())
  return noiseInput([batch, channels, side, side], { ...(blocks !== undefined && { blocks }) })
}

interface ImageInputs extends Inputs {
  labels(draw: number): Tensor
  draws: number
  classes: number
}

/** As many batches as there are draws, of images in an order of their own. */
async function imagesOf(request: SignalRequest, uri: string): Promise<ImageInputs> {
  const { model, resolution } = request
  const imageSize = resolution ?? (model ? modelEntry(model).resolution : MODULE_SIDE.images)
  const data = await loadData(uri, { imageSize })
  const drawn = await someBatches(data, request)
  const tensors = (draw: number) => toTensors(drawn[draw], data)
  const [{ size }] = drawn
  return {
    images: draw => tensors(draw).images,
    labels: draw => tensors(draw).labels,
    input: `test images of ${uri}, 3 x ${data.height} x ${data.width}, batch ${size}`,
    draws: drawn.length,
    classes: data.classes.length,
  }
}

async function someBatches(
  data: ImageData,
  { draws = DRAWS, batch = BATCH }: SignalRequest,
): Promise<Batch[]> {
  const { length } = data.test
  if (length < 2)
    throw new DataError(`Expected at least 2 test images in ${data.name} but received ${length}.`)
  const batchSize = Math.min(batch, length)
  const drawn: Batch[] = []
  const order = { seed: 0, epoch: 0, augment: null, shuffle: true, dropLast: true }
  for await (const each of batches(data, 'test', { batchSize, ...order })) {
    drawn.push(each)
    if (drawn.length === draws) break
  }
  return drawn
}
