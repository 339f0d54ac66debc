// What a data set is once it is loaded, and what its loaders are asked. Types only.

/** Images of one split, packed, in shared memory so that workers read them without a copy. */
export interface ImageSet {
  readonly length: number
  /** `length * height * width * 3` bytes, NHWC, RGB. */
  readonly images: Uint8Array<SharedArrayBuffer>
  /** `length` class numbers, indices into `ImageData.classes`. */
  readonly labels: Int32Array
}

/** One number for each colour channel. */
export type Triple = readonly [r: number, g: number, b: number]

/** A labelled image set for training and testing. */
export interface ImageData {
  /** The URI that it was loaded from. */
  readonly name: string
  readonly classes: readonly string[]
  /** Pixels. */
  readonly height: number
  /** Pixels. */
  readonly width: number
  readonly train: ImageSet
  readonly test: ImageSet
  /** Mean of each channel over the train split, pixels scaled to 0..1. */
  readonly mean: Triple
  /** Standard deviation (of the population) of each channel over the train split, pixels scaled to 0..1. */
  readonly std: Triple
}

/** The two parts of every data set. */
export type Split = 'train' | 'test'

/** What {@link loadData} may be told beside the URI. */
export interface LoadOptions {
  /** Seed of generated data; files do not depend on it. Default 0. */
  seed?: number
  /** Side, in pixels, that images of a folder are resized and cropped to. Default 32. */
  imageSize?: number
  /** Where downloads are kept. Default `NORMFREE_CACHE`, else `XDG_CACHE_HOME/normfree`, else `~/.cache/normfree`. */
  cacheDir?: string
  /** Called as work proceeds; `total` is 0 while it is unknown; `what` is a few words, e.g. `decoding`. */
  onProgress?: (done: number, total: number, what: string) => void
  /** Aborting it rejects the load with the signal's reason. */
  signal?: AbortSignal
}
