// The re-parameterized bias of RescaleNet: a learned bias less the mean that the channel had over the
// first batches, so that every convolution starts on inputs of mean 0.
import { nn, noGrad, type Tensor, zeros } from '@normfree/torch'

/** Options of {@link AddBias}. */
export interface AddBiasOptions {
  /** Passes that the mean is taken over; with 0 this is a plain bias. Default 8. */
  batches?: number
  /** Dimensions of the input: 4 for (N, C, H, W), 2 for (N, C). Default 4. */
  dimensions?: 2 | 4
}

/**
 * x + b - m, per channel of (N, numFeatures, H, W) or (N, numFeatures). During the first `batches` passes, in training and
 * evaluation alike, m becomes the running average of the batch means and b counts a hundredth;
 * afterwards m stays (hukkai/rescaling models/layers.py).
 */
export class AddBias extends nn.Module {
  readonly _bias: nn.Parameter
  /** Passes that have entered `initMean`. */
  readonly count = new nn.Buffer(zeros([], { dtype: 'int64' }))
  readonly initMean: nn.Buffer
  batches: number
  readonly #averaged: number[]

  constructor(numFeatures: number, { batches = 8, dimensions = 4 }: AddBiasOptions = {}) {
    super()
    const shape = dimensions === 4 ? [1, numFeatures, 1, 1] : [1, numFeatures]
    this._bias = new nn.Parameter(zeros(shape))
    this.initMean = new nn.Buffer(zeros(shape))
    this.#averaged = dimensions === 4 ? [0, 2, 3] : [0]
    this.batches = batches
  }

  override forward(x: Tensor): Tensor {
    const seen = this.batches > 0 ? this.count.item() : 0
    if (seen >= this.batches) return x.add(this._bias.sub(this.initMean))
    noGrad(() => {
      const mean = x.mean(this.#averaged, true)
      this.initMean.add_(mean.sub(this.initMean).div(seen + 1))
      this.count.add_(1)
    })
    return x.add(this._bias.mul(0.01).sub(this.initMean))
  }

  override extraRepr(): string {
    return `${this._bias.shape[1]}, batches=${this.batches}`
  }
}
