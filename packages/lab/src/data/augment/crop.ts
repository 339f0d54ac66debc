// Where a random resized crop lies: the box of Inception (Szegedy et al. 2015), drawn as torchvision
// and timm draw it. Numbers only; pixels are resample.ts's.
import type { Rng } from '../rng.ts'
import type { Box } from './pixels.ts'
import type { Interpolation } from './resample.ts'

/** A window of random area and shape, resized to the size of the set. */
export interface ResizedCrop {
  /** Least and greatest share of the image's area. */
  area: readonly number[]
  /** Least and greatest width over height. */
  aspect: readonly number[]
  /** `random` draws one of the two for each image, as timm does. */
  interpolation: Interpolation | 'random'
}

/** Windows that do not fit are drawn anew this often, then the middle is taken. */
const ATTEMPTS = 10

/** The window of one image. Area is drawn evenly, aspect evenly in its logarithm. */
export function drawBox(
  { area, aspect }: Pick<ResizedCrop, 'area' | 'aspect'>,
  height: number,
  width: number,
  rng: Rng,
): Box {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pixels = height * width * rng.uniform(area[0], area[1])
    const ratio = Math.exp(rng.uniform(Math.log(aspect[0]!), Math.log(aspect[1]!)))
    const box = {
      width: Math.round(Math.sqrt(pixels * ratio)),
      height: Math.round(Math.sqrt(pixels / ratio)),
    }
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue
    return { ...box, top: rng.int(height - box.height + 1), left: rng.int(width - box.width + 1) }
  }
  return middle(aspect, height, width)
}

/** The largest middle window whose aspect is allowed. */
function middle(aspect: readonly number[], height: number, width: number): Box {
  const ratio = Math.min(Math.max(width / height, aspect[0]!), aspect[1]!)
  const box = {
    width: Math.min(width, Math.max(1, Math.round(height * ratio))),
    height: Math.min(height, Math.max(1, Math.round(width / ratio))),
  }
  return {
    ...box,
    top: Math.floor((height - box.height) / 2),
    left: Math.floor((width - box.width) / 2),
  }
}

/** The interpolation of one image. */
export const drawInterpolation = (
  { interpolation }: Pick<ResizedCrop, 'interpolation'>,
  rng: Rng,
): Interpolation =>
  interpolation === 'random' ? (rng.chance(0.5) ? 'bilinear' : 'bicubic') : interpolation
