// Stochastic depth: drops whole residual branches, sample by sample.
import { ArgumentError, nn, rand, type Tensor } from '@normfree/torch'

/** Options of {@link StochasticDepth}. */
export interface StochasticDepthOptions {
  /**
   * Divide what is kept by the probability of keeping it. Default false, as the normalizer-free
   * papers train (Appendix B.2); timm's nets divide.
   */
  scaleByKeep?: boolean
}

/**
 * In training, zeroes each sample of (N, ...) with probability `dropRate`; in evaluation returns its
 * input. Without scaleByKeep the expected branch differs between the two, by design of the authors.
 */
export class StochasticDepth extends nn.Module {
  readonly dropRate: number
  readonly scaleByKeep: boolean

  constructor(dropRate: number, options: StochasticDepthOptions = {}) {
    super()
    if (!(dropRate >= 0 && dropRate < 1))
      throw new ArgumentError(
        `Expected a rate from 0 to below 1 for \`dropRate\` but received ${dropRate}.`,
      )
    this.dropRate = dropRate
    this.scaleByKeep = options.scaleByKeep ?? false
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.dropRate === 0) return x
    const keep = 1 - this.dropRate
    const [batch, ...rest] = x.shape
    const mask = rand([batch, ...rest.map(() => 1)], { device: x.device })
      .add(keep)
      .floor()
      .to(x.dtype)
    return x.mul(this.scaleByKeep ? mask.div(keep) : mask)
  }
}
