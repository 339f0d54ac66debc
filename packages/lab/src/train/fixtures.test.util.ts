// A data set and a configuration so small that a run takes a second, for the tests of this folder;
// not part of the package.
import { from, noGrad, type Tensor } from '@normfree/torch'
import { parseRunConfig } from '../config/load.ts'
import type { RunConfig, Settings } from '../config/schema.ts'
import { type Batch, batches } from '../data/batches.ts'
import { channelStatistics, emptyImageSet } from '../data/image-set.ts'
import { Rng } from '../data/rng.ts'
import type { ImageData, ImageSet } from '../data/types.ts'
import { createSession, type Session } from './session.ts'

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

/** The first batch of an epoch, in the order of the set and without augmentation. */
export async function firstBatch({ data, config }: Session): Promise<Batch> {
  const plain = { seed: 0, epoch: 1, augment: null, shuffle: false, dropLast: true }
  for await (const batch of batches(data, 'train', { ...plain, batchSize: config.batchSize }))
    return batch
  throw new RangeError('the data do not fill a batch')
}

export const sessionOf = (changes: Settings = {}) => createSession(tinyConfig(changes), tinyData())

/** Copies of the parameters by name. */
export const parametersOf = ({ model }: Session): Map<string, Float32Array> =>
  new Map(Array.from(model.namedParameters(), ([name, parameter]) => [name, copyOf(parameter)]))

export const setTo = (tensor: Tensor, values: Float32Array): void =>
  noGrad(() => void tensor.copy_(from(values, tensor.shape)))

export const copyOf = (tensor: Tensor): Float32Array =>
  Float32Array.from(tensor.data() as Float32Array)

/** All numbers of some tensors, one after the other. */
export const numbersOf = (tensors: Iterable<Tensor>): Float32Array => {
  const parts = Array.from(tensors, copyOf)
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** All parameters of a session's model as bytes, to compare a million of them at once. */
export const weightBytes = ({ model }: Session): Buffer =>
  Buffer.from(numbersOf(model.parameters()).buffer)

export const lengthOf = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))

/** How far `a` is from `b`, over the length of `b`. */
export const distance = (a: Float32Array, b: Float32Array): number =>
  lengthOf(a.map((value, i) => value - b[i]!)) / lengthOf(b)
