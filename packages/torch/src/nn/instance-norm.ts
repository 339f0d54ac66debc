// Instance normalization: every channel of every sample by its own statistics.
import { ShapeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { instanceNorm } from './functional/norm.ts'
import { RunningNorm, type RunningNormOptions } from './running-norm.ts'

/** Options of {@link InstanceNorm1d} and {@link InstanceNorm2d}. */
export type InstanceNormOptions = RunningNormOptions

/** The arithmetic of all instance norms; `letters` are the spatial dimensions of the input. */
abstract class InstanceNorm extends RunningNorm {
  protected abstract readonly letters: readonly string[]

  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super(numFeatures, options, false)
  }

  override forward(x: Tensor): Tensor {
    const { shape } = x
    const unbatched = shape.length - this.letters.length === 1
    const channels = shape[unbatched ? 0 : 1]
    if (![1, 2].includes(shape.length - this.letters.length) || channels !== this.numFeatures)
      throw new ShapeError(
        `Expected an input (N, ${[this.numFeatures, ...this.letters].join(', ')}), or one without N, for ${this.constructor.name} but received [${shape.join(', ')}].`,
      )
    return unbatched ? this.#normalise(x.unsqueeze(0)).squeeze(0) : this.#normalise(x)
  }

  #normalise(x: Tensor): Tensor {
    const { weight, bias, runningMean, runningVar, eps, usesInputStatistics: useInputStats } = this
    const momentum = this.momentum ?? 0
    const options = { weight, bias, useInputStats, momentum, eps }
    return instanceNorm(x, runningMean, runningVar, options)
  }
}

/**
 * Instance normalization of (N, C, L) or (C, L), as InstanceNorm2d.
 *
 * @throws ShapeError as InstanceNorm2d.
 */
export class InstanceNorm1d extends InstanceNorm {
  protected override readonly letters = ['L']
}

/**
 * (x - mean) / sqrt(var + eps) over the positions of every channel of every sample of (N, C, H, W) or
 * (C, H, W), times weight plus bias when affine (Ulyanov et al., 2016).
 *
 * @throws ShapeError for an input of other dimensions or channels, and when statistics are taken from
 * one position.
 */
export class InstanceNorm2d extends InstanceNorm {
  protected override readonly letters = ['H', 'W']
}
