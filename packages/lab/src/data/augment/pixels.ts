// One image in memory while it is augmented. Types and the two smallest helpers only.

/** An 8-bit RGB image. */
export interface Pixels {
  /** `height * width * 3` bytes, HWC; written values are rounded and cut to 0..255. */
  readonly data: Uint8ClampedArray
  readonly height: number
  readonly width: number
}

/** Interleaved red, green and blue. */
export const CHANNELS = 3

/** An all-black image. */
export const blank = (height: number, width: number): Pixels => ({
  data: new Uint8ClampedArray(height * width * CHANNELS),
  height,
  width,
})

/** An upright rectangle of whole pixels. */
export interface Box {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}
