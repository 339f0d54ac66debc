// One model that a command is to look at: out of the registry or a file, with new weights or others.
import { nn } from '@normfree/torch'
import { createModel, createPretrained, loadPretrained, modelEntry } from 'normfree'
import { loadModuleFile } from './module-file.ts'

/** Which model; one of `model` and `module` names it. */
export interface ModelRequest {
  /** Name of a model of the registry. */
  model?: string
  /** A file that exports a module (see loadModuleFile). */
  module?: string
  /** Weights (see loadPretrained). Default: new ones. */
  weights?: string
}

/** A model, what it is called, and the images that it takes. */
export interface NamedModel {
  model: nn.Module
  name: string
  /** Side in pixels; 224 for a module file. */
  side: number
  /** Channels. */
  channels: number
}

const MODULE_SIDE = 224

/**
 * Builds the model.
 *
 * @throws UnknownModelError, WeightsError and ModuleFileError for what cannot be used.
 */
export async function modelOf({ model, module, weights }: ModelRequest): Promise<NamedModel> {
  if (module !== undefined) {
    const { name, create } = await loadModuleFile(module)
    const own = create()
    if (weights !== undefined) await loadPretrained(own, weights)
    return { model: own, name, side: MODULE_SIDE, channels: channelsOf(own) }
  }
  const name = model ?? ''
  const side = modelEntry(name).resolution
  const built =
    weights === undefined ? createModel(name) : (await createPretrained(name, weights)).model
  return { model: built, name, side, channels: channelsOf(built) }
}

/** Channels of the images that a module takes: those of its first convolution. */
export function channelsOf(model: nn.AnyModule): number {
  for (const module of model.modules()) if (module instanceof nn.Conv2d) return module.inChannels
  return 3
}
