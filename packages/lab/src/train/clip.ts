// Gradient clipping as the recipe says.
import type { nn } from '@normfree/torch'
import {
  adaptiveClipGrad_,
  type ClipReport,
  clipGradNorm_,
  clipGradValue_,
  gradientNorm,
  type NamedParameters,
} from 'normfree'
import type { ClipConfig } from '../config/schema.ts'
import { namesOf } from './names.ts'

/** Clips the gradients of parameters, in place. */
export type Clipper = (parameters: NamedParameters) => ClipReport

/**
 * The clipping that `config` describes, for the parameters of `model`.
 *
 * @throws TrainError for an exclusion that names nothing.
 */
export function createClipper(model: nn.Module, config: ClipConfig): Clipper {
  switch (config.kind) {
    case 'agc': {
      const { factor: clipFactor, eps, reading = 'deepmind' } = config
      const names = Array.from(model.namedParameters(), ([name]) => name)
      const exclude = namesOf(names, config.exclude, 'clip.exclude')
      return parameters => adaptiveClipGrad_(parameters, { clipFactor, eps, exclude, reading })
    }
    case 'norm':
      return parameters => clipGradNorm_(parameters, config.max)
    case 'value':
      return parameters => clipGradValue_(parameters, config.max)
    case 'none':
      return parameters => ({ gradNorm: gradientNorm(parameters), clipFraction: 0 })
  }
}
