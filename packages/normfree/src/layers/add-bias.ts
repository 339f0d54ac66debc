// The re-parameterized bias of RescaleNet: a learned bias less the mean that the channel had over the
// first batches, so that every convolution starts on inputs of mean 0.
import { nn, noGrad, type Tensor, zeros } from '@normfree/torch'

/**
 * x + b - m, per channel of (N, numFeatures, H, W). During the first `batches` passes, in training and
 * evaluation alike, m becomes the running average of the batch means and b counts a hundredth;
 * afterwards m stays (hukkai/rescaling models/layers.py). With 0 batches it is a plain bias.
 */
export class AddBias extends nn.Module {
  readonly _bias: nn.Parameter
  /** Passes that have entered `initMean`. */
  readonly count = new nn.Buffer(zeros([], { dtype: 'int64' }))
  readonly initMean: nn.Buffer
  readonly batches: number

  constructor(numFeatures: number, batches = 8) {
    super()
    this._bias = new nn.Parameter(zeros([1, numFeatures, 1, 1]))
    this.initMean = new nn.Buffer(zeros([1, numFeatures, 1, 1]))
    this.batches = batches
  }

  override forward(x: Tensor): Tensor {
    const seen = this.batches > 0 ? this.count.item() : 0
    if (seen >= this.batches) return x.add(this._bias.sub(this.initMean))
    noGrad(() => {
      const mean = x.mean([0, 2, 3], true)
      this.initMean.add_(mean.sub(this.initMean).div(seen + 1))
      this.count.add_(1)
    })
    return x.add(this._bias.mul(0.01).sub(this.initMean))
  }

  override extraRepr(): string {
    return `${this._bias.shape[1]}, batches=${this.batches}`
  }
}
