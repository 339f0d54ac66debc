// RandAugment (Cubuk et al. 2019) in its two readings: DeepMind's of the NFNets (always applied, fixed
// magnitude, sixteen operations) and timm's (each with probability one half, noisy magnitude, fifteen).
// The operations are Pillow's in both; in DeepMind's original those are TensorFlow's, and its Contrast
// there draws towards a tone that depends on the image's size.
import { normal } from '../distributions.ts'
import type { Rng } from '../rng.ts'
import * as colour from './colour.ts'
import * as geometry from './geometry.ts'
import { CHANNELS, type Pixels } from './pixels.ts'

/** What both readings of RandAugment are told. */
export interface Strength {
  /** Operations drawn for each image, with replacement. */
  layers: number
  /** 10 is the nominal greatest; DeepMind's reading allows more. */
  magnitude: number
}

/** DeepMind's reading, as `deepmind-research/nfnets` names it: 405 is four layers of magnitude 5. */
export interface DeepMindRandAugment extends Strength {
  kind: 'deepmind'
  /** Whether mixed images are changed, as in the NFNets; otherwise images are, before they are mixed. */
  afterMix: boolean
}

/** timm's reading; `rand-m9-mstd0.5-inc1` is magnitude 9, magnitudeStd 0.5, increasing. */
export interface TimmRandAugment extends Strength {
  kind: 'timm'
  /** Deviation of the magnitude, drawn for each operation and cut to 0..10. */
  magnitudeStd: number
  /** Whether a higher magnitude is always the stronger change. */
  increasing: boolean
  /** Probability with which a drawn operation is applied. */
  probability: number
}

/** No RandAugment, or one of its readings. */
export type RandAugment = { kind: 'none' } | DeepMindRandAugment | TimmRandAugment

/** One operation with all that it needs, drawn. */
export interface DrawnOperation {
  name: string
  /** Level after scaling: a factor, degrees, pixels, bits, a threshold; 0 where there is none. */
  amount: number
}

type Action = (image: Pixels, amount: number, style: geometry.MoveStyle, rng: Rng) => Pixels

const inPlace =
  (change: (image: Pixels, amount: number) => void): Action =>
  (image, amount) => {
    change(image, amount)
    return image
  }

const ACTIONS = {
  AutoContrast: inPlace(colour.autoContrast),
  Equalize: inPlace(colour.equalize),
  Invert: inPlace(colour.invert),
  Rotate: geometry.rotate,
  Posterize: inPlace((image, bits) => bits < 8 && colour.posterize(image, bits)),
  Solarize: inPlace(colour.solarize),
  SolarizeAdd: inPlace(colour.solarizeAdd),
  Color: inPlace(colour.saturation),
  Contrast: inPlace(colour.contrast),
  Brightness: inPlace(colour.brightness),
  Sharpness: inPlace(colour.sharpness),
  ShearX: geometry.shearX,
  ShearY: geometry.shearY,
  TranslateX: geometry.translateX,
  TranslateY: geometry.translateY,
  Cutout: cutout,
} satisfies Record<string, Action>

type Name = keyof typeof ACTIONS

/** Fills a square of side `2 * half` around a random pixel. */
function cutout(image: Pixels, half: number, { fill }: geometry.MoveStyle, rng: Rng): Pixels {
  const { data, height, width } = image
  const [y, x] = [rng.int(height), rng.int(width)]
  const span = (at: number, length: number) => [Math.max(0, at - half), Math.min(length, at + half)]
  const [top, bottom] = span(y, height)
  const [left, right] = span(x, width)
  for (let row = top!; row < bottom!; row++)
    for (let column = left!; column < right!; column++)
      data.set(fill, (row * width + column) * CHANNELS)
  return image
}

/** How a level (magnitude / 10) becomes an amount; `side` is the length that a translation is a share of. */
type Scale = (level: number, sign: () => number, side: Pick<Pixels, 'height' | 'width'>) => number

const none: Scale = () => 0
const strengthen: Scale = level => level * 1.8 + 0.1
const signed =
  (largest: number): Scale =>
  (level, sign) =>
    sign() * largest * level

const DEEPMIND: Record<Name, Scale> = {
  ...{ AutoContrast: none, Equalize: none, Invert: none, Rotate: signed(30) },
  Posterize: level => Math.trunc(level * 4),
  Solarize: level => Math.trunc(level * 256),
  SolarizeAdd: level => Math.trunc(level * 110),
  ...{ Color: strengthen, Contrast: strengthen, Brightness: strengthen, Sharpness: strengthen },
  ...{ ShearX: signed(0.3), ShearY: signed(0.3) },
  ...{ TranslateX: signed(100), TranslateY: signed(100) },
  Cutout: level => Math.trunc(level * 40),
}

const TRANSLATION = 0.45
const { Cutout: _, ...shared } = DEEPMIND

const TIMM: Record<Exclude<Name, 'Cutout'>, Scale> = {
  ...shared,
  Posterize: level => Math.trunc(level * 4) + 4,
  Solarize: level => Math.min(256, Math.trunc(level * 256)),
  SolarizeAdd: level => Math.min(128, Math.trunc(level * 110)),
  TranslateX: (level, sign, { width }) => sign() * TRANSLATION * level * width,
  TranslateY: (level, sign, { height }) => sign() * TRANSLATION * level * height,
}

const change: Scale = (level, sign) => Math.max(0.1, 1 + sign() * 0.9 * level)

const TIMM_INCREASING: typeof TIMM = {
  ...TIMM,
  Posterize: level => 4 - Math.trunc(level * 4),
  Solarize: level => 256 - Math.min(256, Math.trunc(level * 256)),
  ...{ Color: change, Contrast: change, Brightness: change, Sharpness: change },
}

const scalesOf = (settings: DeepMindRandAugment | TimmRandAugment): Partial<Record<Name, Scale>> =>
  settings.kind === 'deepmind' ? DEEPMIND : settings.increasing ? TIMM_INCREASING : TIMM

/** The operations of one image, in their order; fewer than `layers` where timm's reading skips one. */
export function drawOperations(
  settings: DeepMindRandAugment | TimmRandAugment,
  side: Pick<Pixels, 'height' | 'width'>,
  rng: Rng,
): DrawnOperation[] {
  const scales = Object.entries(scalesOf(settings))
  const sign = () => (rng.chance(0.5) ? -1 : 1)
  const drawn: DrawnOperation[] = []
  for (let layer = 0; layer < settings.layers; layer++) {
    const [name, scale] = scales[rng.int(scales.length)]!
    if (settings.kind === 'timm' && !rng.chance(settings.probability)) continue
    drawn.push({ name, amount: scale(levelOf(settings, rng), sign, side) })
  }
  return drawn
}

function levelOf(settings: DeepMindRandAugment | TimmRandAugment, rng: Rng): number {
  const { kind, magnitude } = settings
  if (kind === 'deepmind') return magnitude / 10
  const noisy = magnitude + settings.magnitudeStd * normal(rng)
  return Math.min(10, Math.max(0, noisy)) / 10
}

/** Grey 128 outside of moved images in DeepMind's reading, ImageNet's mean colour in timm's. */
const FILL = { deepmind: [128, 128, 128], timm: [124, 116, 104] }

/** Draws and applies; the result may be a new image, or `image` itself, changed. */
export function randAugment(
  image: Pixels,
  settings: DeepMindRandAugment | TimmRandAugment,
  rng: Rng,
): Pixels {
  return drawOperations(settings, image, rng).reduce((current, { name, amount }) => {
    const interpolation =
      settings.kind === 'deepmind' ? 'nearest' : rng.chance(0.5) ? 'bilinear' : 'bicubic'
    return ACTIONS[name as Name](current, amount, { interpolation, fill: FILL[settings.kind] }, rng)
  }, image)
}
