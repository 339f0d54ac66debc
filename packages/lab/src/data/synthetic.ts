// `synthetic`: the embedded default data, ten figures in procedural 32x32 pictures. Needs no file and no
// network. Image i of a split depends on (seed, split, i) alone, so the sets could grow without change.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import { Rng } from './rng.ts'
import { drawScene, type Figure, SIDE } from './synthetic/scene.ts'
import { SHAPES } from './synthetic/shapes.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

/** Images in each split; classes take turns, so both splits are balanced. */
export const SYNTHETIC_SIZES = { train: 5000, test: 2000 } as const

const CLASSES = Object.keys(SHAPES)
/** What stands for each class. Hues are spread over the circle. */
export const FIGURES: readonly Figure[] = Object.values(SHAPES).map((shape, i, all) => ({
  shape,
  hue: (2 * Math.PI * i) / all.length,
}))
const IMAGE_BYTES = SIDE * SIDE * 3
const IMAGES_PER_TURN = 500

/** Generates the synthetic set for `options.seed`; the same seed gives the same bytes. */
export async function loadSynthetic(options: LoadOptions): Promise<ImageData<ImageSet>> {
  const train = await generate(0, SYNTHETIC_SIZES.train, options)
  const test = await generate(1, SYNTHETIC_SIZES.test, options)
  return {
    name: 'synthetic',
    classes: CLASSES,
    height: SIDE,
    width: SIDE,
    train,
    test,
    ...channelStatistics(train.images),
  }
}

async function generate(split: 0 | 1, size: number, options: LoadOptions): Promise<ImageSet> {
  const { seed = 0, onProgress, signal } = options
  const labels = Int32Array.from({ length: size }, (_, i) => i % CLASSES.length)
  const set = emptyImageSet(labels, SIDE, 'synthetic')
  for (let i = 0; i < size; i++) {
    if (i % IMAGES_PER_TURN === 0) {
      await nextTurn()
      signal?.throwIfAborted()
      onProgress?.(i, size, 'drawing')
    }
    const pixels = set.images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES)
    drawScene(pixels, FIGURES[labels[i]!]!, new Rng(seed, split, i))
  }
  onProgress?.(size, size, 'drawing')
  return set
}
