// All that training may change in an image, as one description. What draws from which stream of random
// numbers is here too, so that one change's draws never move another's.
import { Rng } from '../rng.ts'
import type { ResizedCrop } from './crop.ts'
import { erase, type RandomErasing } from './erase.ts'
import { type ColorJitter, colorJitter, jitters } from './jitter.ts'
import type { Mix } from './mix.ts'
import type { Pixels } from './pixels.ts'
import { type RandAugment, randAugment } from './rand-augment.ts'

/**
 * Training-time changes, in the order in which they happen: crop, mirror, colour jitter, RandAugment,
 * mixing (before DeepMind's RandAugment, if that says so), erasing.
 */
export interface Augmentation {
  /** Black pixels added on every side before a crop to the old size, as torchvision's RandomCrop; 0 for none. */
  crop: number
  /** Whether to mirror left and right with probability one half. */
  flip: boolean
  /** A window of random area and shape instead of `crop`. Default: none. */
  resizedCrop?: ResizedCrop | null
  /**
   * Least and greatest factor on the sides of images with maps, which are cut to their window anyhow.
   * Default: none.
   */
  scale?: readonly number[]
  /** Default: none. */
  colorJitter?: ColorJitter
  /** Default: none. */
  randAugment?: RandAugment
  /** Of pairs of images, and of their labels alike. Default: none. */
  mix?: Mix
  /** Default: none. */
  erase?: RandomErasing
}

/** The streams of random numbers, one a purpose. */
const STREAMS = {
  place: 0xa119,
  colour: 0xc010,
  blend: 0x313c,
  late: 0x1a7e,
  erase: 0xe5a5,
} as const

/** What a sample is, to the draws for it. */
export interface SampleKey {
  seed: number
  epoch: number
  /** Its number in the split. */
  index: number
  /** Whether it is the second image of a mix, whose draws are its own. */
  isPartner: boolean
}

/** The random numbers of one purpose for one sample: of (seed, epoch, index) alone. */
export function streamOf(purpose: keyof typeof STREAMS, key: SampleKey): Rng {
  const { seed, epoch, index, isPartner } = key
  const stream = STREAMS[purpose]
  return isPartner ? new Rng(seed, stream, epoch, index, 1) : new Rng(seed, stream, epoch, index)
}

/** Whether an image's bytes change beyond moving, so that normalising cannot be done on the way. */
export function changesPixels({ resizedCrop, colorJitter, randAugment }: Augmentation): boolean {
  return (
    !!resizedCrop ||
    (colorJitter !== undefined && jitters(colorJitter)) ||
    (randAugment !== undefined && randAugment.kind !== 'none')
  )
}

/** Whether DeepMind's RandAugment comes after mixing, as in the NFNets. */
export const augmentsLate = ({ randAugment, mix }: Augmentation): boolean =>
  randAugment?.kind === 'deepmind' &&
  randAugment.afterMix &&
  mix !== undefined &&
  mix.kind !== 'none'

/** Colour jitter, and RandAugment where it comes before mixing; `image` is changed in place. */
export function augmentBytes(image: Pixels, augment: Augmentation, key: SampleKey): void {
  const rng = streamOf('colour', key)
  if (augment.colorJitter) colorJitter(image, augment.colorJitter, rng)
  if (!augmentsLate(augment)) applyRandAugment(image, augment, rng)
}

/** RandAugment of a mixed image, in place. */
export function augmentMixed(image: Pixels, augment: Augmentation, key: SampleKey): void {
  applyRandAugment(image, augment, streamOf('late', key))
}

function applyRandAugment(image: Pixels, { randAugment: settings }: Augmentation, rng: Rng): void {
  if (!settings || settings.kind === 'none') return
  const changed = randAugment(image, settings, rng)
  if (changed !== image) image.data.set(changed.data)
}

/** Random erasing of one normalised image, in place. */
export function eraseParts(
  image: Float32Array,
  { erase: settings }: Augmentation,
  { height, width }: Pick<Pixels, 'height' | 'width'>,
  key: SampleKey,
): void {
  if (settings && settings.probability > 0)
    erase(image, settings, height, width, streamOf('erase', key))
}
