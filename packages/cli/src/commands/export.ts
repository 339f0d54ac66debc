// `normfree export`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags, fileEnding, integerFrom, weightsFlag } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree export`. */
export interface ExportFlags extends CommonFlags {
  readonly out: string
  readonly weights?: string
  readonly resolution?: number
  readonly dynamic: boolean
}

export const exportModel = buildCommand<ExportFlags, [model: string], Context>({
  func: action(() => import('../actions/export.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      out: {
        kind: 'parsed',
        parse: fileEnding('.onnx', '.safetensors'),
        brief: 'File to write: .onnx or .safetensors',
        placeholder: 'FILE',
      },
      weights: weightsFlag,
      resolution: {
        kind: 'parsed',
        parse: integerFrom(1),
        optional: true,
        brief: "ONNX: side of the images in pixels [default = the model's]",
        placeholder: 'PX',
      },
      dynamic: {
        kind: 'boolean',
        brief: 'ONNX: take images of any size, where the model can',
        withNegated: false,
        default: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, placeholder: 'MODEL', brief: 'Name of a model' }],
    },
  },
  docs: {
    customUsage: ['MODEL --out FILE'],
    brief: 'Write a model as ONNX, or its weights as safetensors',
    fullDescription:
      'An ONNX file holds the model in evaluation mode, standardized kernels stored as plain ones; its batch may have any size N.',
  },
})
