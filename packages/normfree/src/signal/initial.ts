// The signal of a model at initialisation, as the papers plot it: white noise in, branches open,
// averaged over draws of the weights.
import { ArgumentError, randn, tidy } from '@normfree/torch'
import type { ModelOptions } from '../models/entry.ts'
import { createModel, modelEntry } from '../registry.ts'
import { checkResolution } from '../resolution.ts'
import { meanSignal, measureSignal, openBranches, type SignalTap } from './measure.ts'

/** What {@link initialSignal} measures on, beside the options of the model. */
export interface InitialSignalOptions extends ModelOptions {
  /** Draws of the weights and the noise that are averaged. Default 5. */
  draws?: number
  /** Samples in each draw. Default 16. */
  batch?: number
  /**
   * Side of the noise images in pixels. Default: the registry's, about four times the training
   * size for CIFAR nets, and 512 px for ImageNet nets, as in the papers. On small images zero padding
   * takes a visible share of the variance.
   */
  resolution?: number
}

/** A measured signal and what it was measured on. */
export interface Signal {
  model: string
  /** What went in, in words. */
  input: string
  /** Growth of the variance a block, for normalizer-free models. */
  alpha?: number
  taps: SignalTap[]
}

/**
 * Builds the registry's model `name` anew for each draw, opens its branches, and measures it on
 * N(0, 1) noise. Weights and noise come from the default random stream.
 *
 * @throws UnknownModelError for a name that the registry does not have; ArgumentError for a
 * resolution that is too small for its strides.
 */
export function initialSignal(name: string, options: InitialSignalOptions = {}): Signal {
  const { draws = 5, batch = 16, resolution, ...modelOptions } = options
  if (!Number.isInteger(draws) || draws < 1)
    throw new ArgumentError(`Expected a positive integer for \`draws\` but received ${draws}.`)
  const side = resolution ?? modelEntry(name).signalResolution
  checkResolution(name, side)
  let alpha: number | null = null
  const measured = Array.from({ length: draws }, () => {
    const model = createModel(name, modelOptions)
    alpha = (model as { alpha?: number | null }).alpha ?? null
    openBranches(model)
    const taps = tidy(() => measureSignal(model, randn([batch, 3, side, side])))
    for (const tensor of model.stateDict().values()) tensor.dispose()
    return taps
  })
  return {
    model: name,
    input: `N(0, 1) noise, 3 x ${side} x ${side}, batch ${batch}, mean of ${draws} draw${draws > 1 ? 's' : ''}`,
    ...(alpha !== null && { alpha }),
    taps: meanSignal(measured),
  }
}
