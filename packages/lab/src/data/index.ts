// What the rest of the lab may use of the data folder.
export type { Augmentation } from './augment/augmentation.ts'
export { type Batch, type BatchOptions, batches, type MixedLabels } from './batches.ts'
export { DataError } from './errors.ts'
export { loadData } from './load.ts'
export type { View } from './photos.ts'
export { permutation, Rng } from './rng.ts'
export type {
  FileRange,
  FileSet,
  ImageData,
  ImageSet,
  LoadOptions,
  SampleSet,
  Split,
  Triple,
} from './types.ts'
