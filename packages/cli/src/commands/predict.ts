// `normfree predict`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

/** Flags of `normfree predict`. */
export interface PredictFlags extends CommonFlags {
  readonly model: string
  readonly weights: string
  readonly labels?: string
}

export const predict = buildCommand<PredictFlags, [image: string], Context>({
  func: action(() => import('../actions/predict.ts')),
  parameters: {
    flags: {
      ...commonFlags,
      model: { kind: 'parsed', parse: String, brief: 'Name of a model', placeholder: 'NAME' },
      weights: {
        kind: 'parsed',
        parse: String,
        brief: 'A file (.safetensors, .pth, .npz) or a model on the Hugging Face hub (owner/name)',
        placeholder: 'FILE|ID',
      },
      labels: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief: 'Text file with a class name a line [default = numbers of classes]',
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, placeholder: 'IMAGE', brief: 'Image file' }],
    },
  },
  docs: {
    customUsage: ['IMAGE --model NAME --weights FILE|ID'],
    brief: 'The five most likely classes of an image',
    fullDescription:
      'Loads weights into a model and prints the five classes that it finds most likely. The image is resized, cropped and normalised as those weights were evaluated with. Models on the hub are kept in its cache (HF_HUB_CACHE); HF_ENDPOINT names another hub.',
  },
})
