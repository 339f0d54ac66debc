// What dense sets are made of, wherever their samples lie. Types only.
import type { Pixels } from '../augment/pixels.ts'

/** A class number (bytes) or a depth in metres (float32) for each pixel. */
export type PixelMap = Uint8Array | Float32Array

/** An image and a value for each of its pixels. */
export interface DenseSample {
  readonly image: Pixels
  /** `height * width` values. */
  readonly map: PixelMap
}
