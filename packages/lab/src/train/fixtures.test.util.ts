// A data set and a configuration so small that a run takes a second, for the tests of this folder;
// not part of the package.
import { parseRunConfig } from '../config/load.ts'
import type { RunConfig, Settings } from '../config/schema.ts'
import { channelStatistics, emptyImageSet } from '../data/image-set.ts'
import { Rng } from '../data/rng.ts'
import type { ImageData, ImageSet } from '../data/types.ts'

const CLASSES = ['dark', 'grey', 'light']

/** Noisy images whose brightness gives the class away. */
function imagesOf(length: number, side: number, seed: number): ImageSet {
  const labels = Int32Array.from({ length }, (_, i) => i % CLASSES.length)
  const set = emptyImageSet(labels, side, 'test')
  const rng = new Rng(seed)
  const perImage = set.images.length / length
  for (let i = 0; i < set.images.length; i++)
    set.images[i] = 30 + 70 * labels[Math.floor(i / perImage)]! + rng.int(50)
  return set
}

/** 64 training and 30 test images in three classes. */
export function tinyData(side = 8): ImageData<ImageSet> {
  const train = imagesOf(64, side, 1)
  const statistics = channelStatistics(train.images)
  return {
    ...{ name: 'tiny', classes: CLASSES, height: side, width: side },
    ...{ train, test: imagesOf(30, side, 2) },
    ...statistics,
  }
}

/** Three epochs of four steps of nf_resnet20 in float32. */
export const tinyConfig = (changes: Settings = {}): RunConfig =>
  parseRunConfig({
    ...{ model: 'nf_resnet20', epochs: 3, batchSize: 16, precision: 'float32' },
    augment: { crop: 1, flip: true },
    ...changes,
  })
