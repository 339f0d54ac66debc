// Efficient Channel Attention (Wang et al., 2019, arXiv:1910.03151): a gate from a few neighbouring
// channels' means, almost without parameters.
import { nn, type Tensor } from '@normfree/torch'

/** Options of {@link EfficientChannelAttention}. */
export interface EfficientChannelAttentionOptions {
  /** Neighbours that a gate sees, odd. Default: by the number of channels, as the paper's section 3.2. */
  kernelSize?: number
  /** Multiplies the gate, whose value is near 1/2 at initialisation. Default 2. */
  gain?: number
}

/**
 * x * gain * sigmoid(conv(mean over H and W)) for x of shape (N, channels, H, W), the convolution
 * running along the channels. The default kernel is the odd number at or above
 * floor(|log2(channels) + 1| / 2), and at least 3. `gain` as in SqueezeExcite.
 */
export class EfficientChannelAttention extends nn.Module {
  readonly conv: nn.Conv1d
  readonly gain: number

  constructor(channels: number, options: EfficientChannelAttentionOptions = {}) {
    super()
    const kernelSize = options.kernelSize ?? kernelSizeFor(channels)
    this.conv = new nn.Conv1d(1, 1, kernelSize, { padding: (kernelSize - 1) / 2, bias: false })
    this.gain = options.gain ?? 2
  }

  override forward(x: Tensor): Tensor {
    const [batch, channels] = x.shape
    const means = x.mean([2, 3]).view([batch, 1, channels])
    const gate = this.conv(means).sigmoid().view([batch, channels, 1, 1])
    return x.mul(gate.mul(this.gain))
  }
}

function kernelSizeFor(channels: number): number {
  const size = Math.floor(Math.abs(Math.log2(channels) + 1) / 2)
  return Math.max(3, size % 2 === 1 ? size : size + 1)
}
