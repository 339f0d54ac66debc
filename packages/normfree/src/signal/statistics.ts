// What is measured of one activation, whatever it is an activation of.
import { noGrad, type Tensor, tidy } from '@normfree/torch'

/** Two of the three statistics of a signal propagation plot (NF-ResNets, section 3). */
export interface ChannelStatistics {
  squaredMean: number
  variance: number
}

/** Every dimension but that of the channels, of (N, C, H, W) or (N, C). */
const besideChannels = ({ dim }: Tensor): number[] => [0, 2, 3].slice(0, dim - 1)

/**
 * Statistics of (N, C, H, W) or (N, C): mean over channels of (mean over N, H, W)^2 and of the biased
 * variance.
 */
export function channelStatistics(x: Tensor): ChannelStatistics {
  return noGrad(() =>
    tidy(() => {
      const [variance, mean] = x
        .detach()
        .to('float32')
        .varMean(besideChannels(x), { correction: 0 })
      return { squaredMean: mean.square().mean().item(), variance: variance.mean().item() }
    }),
  )
}
