// What one batch is asked of the workers, whatever its images come from. Types, and who is in it.
import type { Augmentation, SampleKey } from './augment/augmentation.ts'
import type { Triple } from './types.ts'

/** The part of a task that all sources share; crosses to the worker as a message. */
export interface BatchTask {
  /** Of the assembled images, in pixels. */
  height: number
  width: number
  mean: Triple
  std: Triple
  /** `null` for images as they are. */
  augment: Augmentation | null
  seed: number
  epoch: number
  indices: Int32Array
  /** Second images of DeepMind's mix, one for each of `indices`. */
  partners: Int32Array | null
}

/** One assembled batch. */
export interface Assembled {
  /** NHWC float32, `(pixel / 255 - mean) / std`. */
  images: Float32Array<ArrayBuffer>
  /** Share of each image in its mix, the rest being the partner's; null when nothing is mixed. */
  weights: Float32Array<ArrayBuffer> | null
}

/** What the draws for each image depend on: those of `indices`, then those of `partners`. */
export function keysOf({ indices, partners, seed, epoch }: BatchTask): SampleKey[] {
  const key = (isPartner: boolean) => (index: number) => ({ seed, epoch, index, isPartner })
  return [...Array.from(indices, key(false)), ...Array.from(partners ?? [], key(true))]
}
