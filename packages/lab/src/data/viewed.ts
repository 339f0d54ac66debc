// Photographs as a pretrained model sees them, through its own preprocessing.
import { from, noGrad, tidy } from '@normfree/torch'
import { type Preprocessing, preprocess } from 'normfree'
import type { Assembled, BatchTask } from './batch-task.ts'
import type { PhotoResult } from './photo-worker.ts'
import type { View } from './photos.ts'

/** Each whole image as a pretrained model would see it. */
export function viewed({ whole }: PhotoResult, task: BatchTask, view: View): Assembled {
  const { height, width, mean, std } = task
  const settings: Preprocessing = { ...view, size: height, mean, std }
  const images = new Float32Array(whole.length * height * width * 3)
  whole.forEach((image, n) => {
    const shape = [image.height, image.width, 3]
    const seen = noGrad(() =>
      tidy(() => {
        const pixels = from(new Uint8Array(image.data.buffer), shape)
        return preprocess(pixels, settings).permute([0, 2, 3, 1]).contiguous().data()
      }),
    )
    images.set(seen as Float32Array, n * height * width * 3)
  })
  return { images, weights: null }
}
