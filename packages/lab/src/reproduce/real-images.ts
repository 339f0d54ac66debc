// Signals of real images in place of noise.
import type { Tensor } from '@normfree/torch'
import { manualSeed, randn, tidy } from '@normfree/torch'
import { createModel, measureSignal, openBranches } from 'normfree'
import type { Bench } from './bench.ts'
import type { Claim, ClaimRow } from './claim.ts'
import { imageBatches } from './images.ts'
import { correlation, firsts, lasts, means, type StageValues, stageValues } from './levels.ts'
import { atLeast, digits } from './rows.ts'

/** Nets for 32 px: pre-activation batch norm, post-activation batch norm, normalizer-free. */
const NETS = ['resnetv2_56', 'resnet56', 'nf_resnet56'] as const
const BATCH = 32

/** Channel variances of a net that is drawn anew from the bench's seed, so always the same one. */
function variances(bench: Bench, name: string, images: Tensor): StageValues {
  manualSeed(bench.seed)
  const model = createModel(name, name.startsWith('nf_') ? { alpha: 1 } : {})
  openBranches(model)
  const taps = tidy(() => measureSignal(model, images))
  return stageValues({ model: name, input: '', taps }, 'channelVariance')
}

const realImages: Claim = {
  id: 'P-S1',
  title: 'Real images in place of noise give signal plots of the same shape',
  source: 'Brock et al., 2021 (arXiv:2101.08692), section 3',
  scale: 'minutes',
  async run(bench) {
    const [first] = await imageBatches(bench, BATCH, 1)
    const images = first?.images as Tensor
    const noise = randn(images.shape)
    const pairs = NETS.map(
      name => [variances(bench, name, noise), variances(bench, name, images)] as const,
    )
    const rows = pairs.flatMap(([onNoise, onImages], i): ClaimRow[] => [
      atLeast(
        `${NETS[i]}: variances over all blocks, correlation of images and noise`,
        'paper',
        correlation(onNoise.flat(), onImages.flat()),
        0.95,
      ),
      atLeast(
        `${NETS[i]}: variance of images at the end over the start of each stage`,
        'paper',
        lasts(onImages).map((last, stage) => last / (firsts(onImages)[stage] as number)),
        2,
      ),
    ])
    const levels = pairs.map(([onNoise, onImages], i) => {
      const ratios = means(onImages).map(
        (level, stage) => level / (means(onNoise)[stage] as number),
      )
      return `${NETS[i]} ${ratios.map(digits).join(', ')}`
    })
    const { name, height, width } = await bench.data()
    return {
      rows,
      remarks: [
        `${BATCH} images of ${name}, ${height} x ${width}, normalised by channel.`,
        `Shapes agree, levels only where a norm sets them: mean variance of images over that of noise, stage by stage: ${levels.join('; ')}. Standardized kernels sum to 0, and the first of them takes out what is smooth in an image.`,
      ],
    }
  },
}

/** Claims of this file. */
export const images: readonly Claim[] = [realImages]
