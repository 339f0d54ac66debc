// Activation that keeps unit variance: f(x) * gamma / beta.
import { nn, type Tensor } from '@normfree/torch'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'
import { GAMMA } from '../gain.ts'

/** The two factors of a {@link ScaledActivation}. */
export interface ScaledActivationOptions {
  /** Default: the table's gain for this activation. */
  gamma?: number
  /** Expected standard deviation of the input, divided out after the activation. Default 1. */
  beta?: number
}

/**
 * f(x) gamma / beta, any shape. The papers' text divides before the activation, their code after
 * it; the two agree for relu and leaky_relu only, and this follows the code (deepmind-research
 * nfnets/nf_resnet.py).
 */
export class ScaledActivation extends nn.Module {
  readonly activation: nn.Module
  readonly gamma: number
  readonly beta: number

  constructor(name: ActivationName, options: ScaledActivationOptions = {}) {
    super()
    this.activation = ACTIVATIONS[name].module()
    this.gamma = options.gamma ?? GAMMA[name]
    this.beta = options.beta ?? 1
  }

  override forward(x: Tensor): Tensor {
    const scale = this.gamma / this.beta
    const y = this.activation(x)
    return scale === 1 ? y : y.mul(scale)
  }
}
