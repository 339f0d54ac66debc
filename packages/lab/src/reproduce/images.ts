// Real images for claims: single batches of the bench's data, as tensors.
import type { Tensor } from '@normfree/torch'
import { batches } from '../data/batches.ts'
import { toTensors } from '../train/step.ts'
import type { Bench } from './bench.ts'

/** Images (N, 3, H, W), normalised, and their labels. */
export interface LabelledImages {
  images: Tensor
  labels: Tensor
}

/** As many batches of training images as `count`, shuffled by the bench's seed. */
export async function imageBatches(
  bench: Bench,
  batchSize: number,
  count: number,
): Promise<LabelledImages[]> {
  const data = await bench.data()
  const drawn: LabelledImages[] = []
  for (let epoch = 0; drawn.length < count; epoch++) {
    const options = {
      batchSize,
      seed: bench.seed,
      epoch,
      augment: null,
      shuffle: true,
      dropLast: true,
    }
    for await (const batch of batches(data, 'train', options)) {
      drawn.push(toTensors(batch, data))
      if (drawn.length === count) break
    }
  }
  return drawn
}
