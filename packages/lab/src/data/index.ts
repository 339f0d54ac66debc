// What the rest of the lab may use of the data folder.
export type { Augmentation } from './augment/augmentation.ts'
export type { ResizedCrop } from './augment/crop.ts'
export type { RandomErasing } from './augment/erase.ts'
export type { ColorJitter } from './augment/jitter.ts'
export type { DeepMindMix, Mix, TimmMix } from './augment/mix.ts'
export type {
  DeepMindRandAugment,
  RandAugment,
  Strength,
  TimmRandAugment,
} from './augment/rand-augment.ts'
export type { Interpolation } from './augment/resample.ts'
export { type Batch, type BatchOptions, batches, type MixedLabels } from './batches.ts'
export type { PixelMap } from './dense/sample.ts'
export {
  loadVoc,
  type SegmentationData,
  type SegmentationSample,
  type SegmentationSplit,
} from './dense/voc.ts'
export { DataError } from './errors.ts'
export { loadData } from './load.ts'
export type { View } from './photos.ts'
export { permutation, Rng } from './rng.ts'
export type {
  DensePlace,
  DenseSet,
  FileRange,
  FileSet,
  ImageData,
  ImageSet,
  LoadOptions,
  SampleSet,
  Split,
  Triple,
} from './types.ts'
