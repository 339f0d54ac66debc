// The two statistics that the NF-ResNets paper tried for its plots and left out (appendix G.2).
import { randn } from '@normfree/torch'
import { measureSignal } from 'normfree'
import type { Claim } from './claim.ts'
import { buildFigureNet } from './figure-nets.ts'
import { atMost, near } from './rows.ts'

const CHANNELS = [256, 512, 1024, 2048] as const

const rejected: Claim = {
  id: 'P-G3',
  title: 'The mean of all activations hides the mean shift; pixel norms say nothing new',
  source: 'Brock et al., 2021 (arXiv:2101.08692), appendix G.2',
  scale: 'seconds',
  run() {
    const model = buildFigureNet('nfHe', [4, 4, 4, 4])
    const statistics = ['activationMean', 'pixelNorm'] as const
    const blocks = measureSignal(model, randn([4, 3, 128, 128]), { statistics }).slice(1)
    const hidden = blocks.map(
      ({ activationMean = Number.NaN, channelSquaredMean }) =>
        Math.abs(activationMean) / Math.sqrt(channelSquaredMean),
    )
    const known = blocks.map(
      ({ pixelNorm = Number.NaN, stage, channelSquaredMean, channelVariance }) =>
        pixelNorm / Math.sqrt((CHANNELS[stage] as number) * (channelSquaredMean + channelVariance)),
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
