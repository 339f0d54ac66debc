// A small set in the layout of Pascal VOC, for tests of batches and of training; not part of the package.
import sharp from 'sharp'
import { temporaryFolder, writeFiles } from '../fixtures.test.util.ts'

interface VocSize {
  /** Images. */
  train: number
  test: number
  /** Pixels. */
  width: number
  height: number
}

const grey = (values: Uint8Array, width: number, height: number) =>
  sharp(Buffer.from(values), { raw: { width, height, channels: 1 } })

/**
 * Writes images whose bright part is class 1 (aeroplane) and whose dark part is the background. It is the
 * left half of the test images and of the first training image; the others' wanders.
 */
export async function vocFolder({ train, test, width, height }: VocSize): Promise<string> {
  const dir = await temporaryFolder()
  const files: Record<string, Uint8Array> = {}
  const nameOf = (split: string) => (_: unknown, i: number) => `${split}_${i}`
  const names = {
    train: Array.from({ length: train }, nameOf('train')),
    val: Array.from({ length: test }, nameOf('val')),
  }
  for (const [split, own] of Object.entries(names)) {
    files[`ImageSets/Segmentation/${split}.txt`] = Buffer.from(own.join('\n'))
    for (const [i, name] of own.entries()) {
      const edge = Math.round(width * (split === 'train' ? 0.5 + 0.1 * (i % 4) : 0.5))
      const labels = Uint8Array.from({ length: width * height }, (_, at) =>
        Number(at % width < edge),
      )
      const pixels = labels.map(label => (label === 1 ? 230 : 20))
      files[`JPEGImages/${name}.jpg`] = await grey(pixels, width, height)
        .jpeg({ quality: 100 })
        .toBuffer()
      files[`SegmentationClass/${name}.png`] = await grey(labels, width, height).png().toBuffer()
    }
  }
  await writeFiles(dir, files)
  return dir
}
