// Random changes of brightness, contrast, saturation and hue, in random order: torchvision's ColorJitter,
// which timm's `color-jitter` of 0.4 calls with 0.4 for the first three.
import { permutation, type Rng } from '../rng.ts'
import { brightness, contrast, hue, saturation } from './colour.ts'
import type { Pixels } from './pixels.ts'

/** How far each goes; 0 leaves it alone. */
export interface ColorJitter {
  /** The factor is drawn from 1 - x (at least 0) to 1 + x; also for contrast and saturation. */
  brightness: number
  contrast: number
  saturation: number
  /** The turn is drawn from -x to x of the circle; at most 0.5. */
  hue: number
}

const CHANGES = [
  ['brightness', brightness],
  ['contrast', contrast],
  ['saturation', saturation],
  ['hue', hue],
] as const

/** Whether anything would change. */
export const jitters = (jitter: ColorJitter): boolean => CHANGES.some(([name]) => jitter[name] > 0)

/** Changes `image` in place. */
export function colorJitter(image: Pixels, jitter: ColorJitter, rng: Rng): void {
  for (const at of permutation(CHANGES.length, rng)) {
    const [name, apply] = CHANGES[at]!
    const reach = jitter[name]
    if (reach === 0) continue
    const middle = name === 'hue' ? 0 : 1
    const least = name === 'hue' ? -reach : Math.max(0, 1 - reach)
    apply(image, rng.uniform(least, middle + reach))
  }
}
