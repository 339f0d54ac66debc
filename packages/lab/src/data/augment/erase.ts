// Random erasing (Zhong et al. 2017) of normalised images, as timm draws it.
import { normal } from '../distributions.ts'
import type { Rng } from '../rng.ts'
import { type Box, CHANNELS } from './pixels.ts'

/** Which images lose a rectangle, how large, and what stands there. */
export interface RandomErasing {
  /** 0: none. */
  probability: number
  /** Least and greatest share of the image's area, all rectangles together. */
  area: readonly number[]
  /** Least height over width; the greatest is its inverse. */
  aspect: number
  /** Zeros (the mean colour), one normal number a channel, or one each for all. */
  mode: 'const' | 'rand' | 'pixel'
  /** Rectangles in an image. */
  count: number
}

/** Rectangles that do not fit are drawn anew this often, then left out. */
const ATTEMPTS = 10

/** Where one rectangle lies; null when none fitted. */
export function drawErased(
  { area, aspect, count }: RandomErasing,
  height: number,
  width: number,
  rng: Rng,
): Box | null {
  const reach = Math.log(aspect)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pixels = (rng.uniform(area[0], area[1]) * height * width) / count
    const ratio = Math.exp(rng.uniform(reach, -reach))
    const box = {
      height: Math.round(Math.sqrt(pixels * ratio)),
      width: Math.round(Math.sqrt(pixels / ratio)),
    }
    if (box.height >= height || box.width >= width) continue
    return { ...box, top: rng.int(height - box.height + 1), left: rng.int(width - box.width + 1) }
  }
  return null
}

/** Erases parts of one normalised image (HWC), in place. */
export function erase(
  image: Float32Array,
  settings: RandomErasing,
  height: number,
  width: number,
  rng: Rng,
): void {
  if (!rng.chance(settings.probability)) return
  for (let n = 0; n < settings.count; n++) {
    const box = drawErased(settings, height, width, rng)
    if (box) fill(image, box, width, settings.mode, rng)
  }
}

function fill(
  image: Float32Array,
  { top, left, height, width }: Box,
  rowPixels: number,
  mode: RandomErasing['mode'],
  rng: Rng,
): void {
  const colour = Array.from({ length: CHANNELS }, () => (mode === 'rand' ? normal(rng) : 0))
  for (let y = top; y < top + height; y++) {
    const row = (y * rowPixels + left) * CHANNELS
    for (let at = 0; at < width * CHANNELS; at++)
      image[row + at] = mode === 'pixel' ? normal(rng) : colour[at % CHANNELS]!
  }
}
