// Squeeze-and-Excitation whose gate keeps the signal's scale.
import { nn, type Tensor } from '@normfree/torch'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'

/** Options of {@link SqueezeExcite}. */
export interface SqueezeExciteOptions {
  /** Hidden channels as a share of `channels`. Default 0.5. */
  ratio?: number
  /** Hidden channels, in place of the share. */
  hiddenChannels?: number
  /** Multiplies the gate, whose value is near 1/2 at initialisation. Default 2. */
  gain?: number
  /** Between the two layers, without gamma. Default 'relu', as in the papers' released code. */
  activation?: ActivationName
}

/**
 * x * gain * sigmoid(fc2(f(fc1(mean over H and W)))) for x of shape (N, channels, H, W). Without the
 * factor 2 a gate near 1/2 would quarter the branch's variance (NF-ResNets, Appendix B.3, which
 * calls it a half).
 */
export class SqueezeExcite extends nn.Module {
  readonly fc1: nn.Conv2d
  readonly fc2: nn.Conv2d
  readonly activation: nn.Module
  readonly gain: number

  constructor(channels: number, options: SqueezeExciteOptions = {}) {
    super()
    const { ratio = 0.5, gain = 2, activation = 'relu' } = options
    const hidden = options.hiddenChannels ?? Math.max(1, Math.floor(channels * ratio))
    this.fc1 = new nn.Conv2d(channels, hidden, 1)
    this.fc2 = new nn.Conv2d(hidden, channels, 1)
    this.activation = ACTIVATIONS[activation].module()
    this.gain = gain
    for (const layer of [this.fc1, this.fc2]) {
      nn.init.kaimingNormal_(layer.weight, { nonlinearity: 'linear' })
      if (layer.bias) nn.init.zeros_(layer.bias)
    }
  }

  override forward(x: Tensor): Tensor {
    const gate = this.fc2(this.activation(this.fc1(x.mean([2, 3], true)))).sigmoid()
    return x.mul(gate.mul(this.gain))
  }
}
