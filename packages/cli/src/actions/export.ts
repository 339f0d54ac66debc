// `normfree export`: a model as a file for other programs.
import { type nn, saveSafetensors, zeros } from '@normfree/torch'
import {
  checkResolution,
  countParameters,
  createModel,
  createPretrained,
  modelEntry,
} from 'normfree'
import { exportOnnx } from 'normfree/onnx'
import type { ExportFlags } from '../commands/export.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { count } from '../format.ts'
import { configureEngine } from './engine.ts'

export default async function exportModel(
  this: Context,
  flags: ExportFlags,
  name: string,
): Promise<void> {
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  if (flags.out === '') throw new UsageError('Expected a file name for `--out` but received none.')
  const { weights } = flags
  const model = weights ? (await createPretrained(name, weights)).model : createModel(name)
  const written = { model: name, parameters: countParameters(model), ...write(model, name, flags) }
  if (flags.json) this.printJson(written)
  else {
    if (!weights) this.note('Weights are freshly initialised; --weights puts others in.')
    this.print(`${name}, ${count(written.parameters)} parameters: ${written.files.join(', ')}`)
  }
}

function write(model: nn.Module, name: string, { out, resolution, dynamic }: ExportFlags) {
  if (!out.endsWith('.onnx')) {
    if (resolution !== undefined || dynamic)
      throw new UsageError(
        'Expected no `--resolution` and no `--dynamic` for safetensors, which hold weights alone.',
      )
    saveSafetensors(out, model.stateDict(), { model: name })
    return { files: [out] }
  }
  const side = resolution ?? modelEntry(name).resolution
  checkResolution(name, side)
  return exportOnnx(model, zeros([1, 3, side, side]), out, { dynamicSize: dynamic })
}
