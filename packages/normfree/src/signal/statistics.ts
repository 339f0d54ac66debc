// What is measured of one activation, whatever it is an activation of.
import { noGrad, type Tensor, tidy } from '@normfree/torch'

/** Two of the three statistics of a signal propagation plot (NF-ResNets, section 3). */
export interface ChannelStatistics {
  squaredMean: number
  variance: number
}

/** Statistics of (N, C, H, W): mean over channels of (mean over N, H, W)^2 and of the biased variance. */
export function channelStatistics(x: Tensor): ChannelStatistics {
  return noGrad(() =>
    tidy(() => {
      const [variance, mean] = x.detach().to('float32').varMean([0, 2, 3], { correction: 0 })
      return { squaredMean: mean.square().mean().item(), variance: variance.mean().item() }
    }),
  )
}
