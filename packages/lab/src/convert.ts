// `normfree convert` without its printing: a model converted, written, and checked.
import { saveSafetensors } from '@normfree/torch'
import {
  type Conversion,
  type ConvertOptions,
  checkModel,
  checkResolution,
  convert as convertModel,
  type Finding,
} from 'normfree'
import { type ModelRequest, modelOf } from './model-of.ts'

/** What is to be converted, and how. */
export interface ConvertRequest extends ModelRequest, ConvertOptions {
  /** Side of the images in pixels. Default: the model's, or 224. */
  resolution?: number
  /** A .safetensors file to write the state dict to. Default: none. */
  out?: string
}

/** What was converted, and what a check says of it. */
export interface ConvertReport extends Conversion {
  model: string
  /** [C, H, W] of the images. */
  inputShape: number[]
  /** Files that were written. */
  files: string[]
  findings: Finding[]
}

/**
 * Converts one model (see convert in normfree) and checks the result on noise (see checkModel).
 *
 * @throws UnknownModelError, WeightsError and ModuleFileError for what cannot be used; ArgumentError as
 * convert, and for a resolution below the model's strides.
 */
export async function convert(request: ConvertRequest): Promise<ConvertReport> {
  const { resolution, out, alpha, zeroInitLast } = request
  const { model, name, side, channels } = await modelOf(request)
  const pixels = resolution ?? side
  if (request.module === undefined) checkResolution(name, pixels)
  const shape: [number, number, number] = [channels, pixels, pixels]
  const conversion = convertModel(model, shape, { alpha, zeroInitLast })
  const metadata = { model: name, converted: `alpha=${conversion.alpha}, input=${shape.join('x')}` }
  if (out !== undefined) saveSafetensors(out, model.stateDict(), metadata)
  const files = out === undefined ? [] : [out]
  return {
    model: name,
    inputShape: shape,
    files,
    ...conversion,
    findings: checkModel(model, { shape }),
  }
}
