// The two statistics that the NF-ResNets paper tried for its plots and left out (appendix G.2).
import { noGrad, randn, type Tensor, tidy } from '@normfree/torch'
import { channelStatistics, withTaps } from 'normfree'
import type { Claim } from './claim.ts'
import { buildFigureNet } from './figure-nets.ts'
import { atMost, near } from './rows.ts'

/** What is compared at a block. */
interface Statistics {
  channels: number
  activationMean: number
  pixelNorm: number
  squaredMean: number
  variance: number
}

/** Statistics behind every block of the net without standardized weights, whose means are large. */
function measure(): Statistics[] {
  const model = buildFigureNet('nfHe', [4, 4, 4, 4])
  const found: Statistics[] = []
  const statisticsOf = (y: Tensor): Statistics => ({
    channels: y.shape[1] as number,
    activationMean: y.mean().item(),
    pixelNorm: y.square().sum([1]).sqrt().mean().item(),
    ...channelStatistics(y),
  })
  const listener = {
    stem: () => {},
    branch: () => {},
    output: (_: unknown, y: Tensor) => void found.push(tidy(() => statisticsOf(y))),
  }
  withTaps(model, listener, () => noGrad(() => tidy(() => void model(randn([4, 3, 128, 128])))))
  return found
}

const rejected: Claim = {
  id: 'P-G3',
  title: 'The mean of all activations hides the mean shift; pixel norms say nothing new',
  source: 'Brock et al., 2021 (arXiv:2101.08692), appendix G.2',
  scale: 'seconds',
  run() {
    const blocks = measure()
    const hidden = blocks.map(
      ({ activationMean, squaredMean }) => Math.abs(activationMean) / Math.sqrt(squaredMean),
    )
    const known = blocks.map(
      ({ pixelNorm, channels, squaredMean, variance }) =>
        pixelNorm / Math.sqrt(channels * (squaredMean + variance)),
    )
    return {
      rows: [
        atMost(
          '|mean activation| over the root of the channel squared mean, any block',
          'paper',
          Math.max(...hidden),
          0.25,
        ),
        near(
          'pixel norm over what channel squared mean and variance make it: smallest and largest',
          'paper',
          [Math.min(...known), Math.max(...known)],
          1,
          {
            relative: 0.05,
          },
        ),
      ],
      remarks: [
        'On a normalizer-free net with He’s kernels, 16 blocks, at 128 px: channels are shifted up as often as down, so their mean is near 0. The pixel norm is √(channels · (squared mean + variance)), and grows with the channels besides.',
      ],
    }
  },
}

/** Claims of this file. */
export const rejectedStatistics: readonly Claim[] = [rejected]
