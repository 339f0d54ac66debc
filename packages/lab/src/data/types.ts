// What a data set is once it is loaded, and what its loaders are asked. Types only.

/** The samples of one split, whatever their images are. */
export interface SampleSet {
  readonly length: number
  /** `length` class numbers, indices into `ImageData.classes`. */
  readonly labels: Int32Array
}

/** Images of one split, packed, in shared memory so that workers read them without a copy. */
export interface ImageSet extends SampleSet {
  /** `length * height * width * 3` bytes, NHWC, RGB. */
  readonly images: Uint8Array<SharedArrayBuffer>
}

/** Images of one split as they lie on disk, of any size, decoded anew for each batch. */
export interface FileSet extends SampleSet {
  /** `length` places. */
  readonly files: readonly FileRange[]
  /** Whether an image that does not decode is left out of its batch and counted, or an error. */
  readonly corrupt: 'fail' | 'skip'
}

/** A whole file, or a part of one. */
export interface FileRange {
  readonly file: string
  /** First byte; without it the whole file. */
  readonly start?: number
  /** Byte after the last. */
  readonly end?: number
  /** Name for messages. */
  readonly path: string
}

/** Images of one split with a value for each of their pixels, read anew for each batch. */
export interface DenseSet {
  readonly length: number
  /** What the values are: class numbers, 255 for none, or depths in metres, 0 for none. */
  readonly maps: 'classes' | 'depths'
  /** `length` places. */
  readonly places: readonly DensePlace[]
  /** Whether a sample that cannot be read is left out of its batch and counted, or an error. */
  readonly corrupt: 'fail' | 'skip'
}

/** Where an image and its map lie: two files of Pascal VOC, or a number in NYU's file. */
export type DensePlace =
  | { readonly kind: 'voc'; readonly image: string; readonly labels: string }
  | {
      readonly kind: 'nyu'
      readonly file: string
      readonly index: number
      /** What its sides are multiplied by when it is read. */
      readonly scale: number
    }

/** One number for each colour channel. */
export type Triple = readonly [r: number, g: number, b: number]

/**
 * An image set for training and testing: packed, or of photographs in files, or with a value for each
 * pixel.
 */
export interface ImageData<Samples extends SampleSet | DenseSet = ImageSet | FileSet | DenseSet> {
  /** The URI that it was loaded from. */
  readonly name: string
  /** None where pixels have depths. */
  readonly classes: readonly string[]
  /** Pixels. */
  readonly height: number
  /** Pixels. */
  readonly width: number
  readonly train: Samples
  readonly test: Samples
  /** What a reader of figures on the set must know: that its split is not the official one. */
  readonly note?: string
  /** Mean of each channel over the train split, pixels scaled to 0..1; ImageNet's for photographs in files. */
  readonly mean: Triple
  /** Standard deviation (of the population) of each channel over the train split, pixels scaled to 0..1. */
  readonly std: Triple
}

/** The two parts of every data set. */
export type Split = 'train' | 'test'

/** What {@link loadData} may be told beside the URI. */
export interface LoadOptions {
  /** Seed of generated data, and of Caltech-101's split; other files do not depend on it. Default 0. */
  seed?: number
  /**
   * Side, in pixels, that images of a folder are resized and cropped to, default 32; of the windows of
   * images with maps, default 513 for Pascal VOC and 228 (by 304) for NYU Depth.
   */
  imageSize?: number
  /**
   * When images of files are decoded: `once` packs them into memory at `imageSize`; `each` leaves them on
   * disk, to be cropped anew out of the whole photograph for each batch. Default `once`.
   */
  decode?: 'once' | 'each'
  /**
   * For a folder without splits (`CLASS/image`): one image in so many, of each class in the order of
   * paths, is a test image. At least 2. Default: the folder has train and test folders.
   */
  holdout?: number
  /** An image that does not decode: `fail` is an error with its name, `skip` leaves it out and counts it. Default `fail`. */
  corrupt?: 'fail' | 'skip'
  /** Where downloads are kept. Default `NORMFREE_CACHE`, else `XDG_CACHE_HOME/normfree`, else `~/.cache/normfree`. */
  cacheDir?: string
  /** Called as work proceeds; `total` is 0 while it is unknown; `what` is a few words, e.g. `decoding`. */
  onProgress?: (done: number, total: number, what: string) => void
  /** Aborting it rejects the load with the signal's reason. */
  signal?: AbortSignal
}
