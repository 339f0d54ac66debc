// One synthetic picture: a figure on a ground, with clutter behind it, sometimes a bar across it, and
// grain over all. The class decides the shape and leans the hue; all else is drawn independently of it.
import type { Rng } from '../rng.ts'
import { oklch, type Rgb } from './colour.ts'
import type { Shape } from './shapes.ts'
import { randomTexture, type Texture } from './texture.ts'

/** Side of a picture in pixels. */
export const SIDE = 32

const TURN = 2 * Math.PI
const HUE_SPREAD = 1.1

interface Surface {
  first: Rgb
  second: Rgb
  texture: Texture
}

/** What the class decides about a picture. */
export interface Figure {
  shape: Shape
  /** Radians; a hint and no more, for `HUE_SPREAD` makes most hues occur in most classes. */
  hue: number
}

/** A region of the picture: its signed distance in pixels, and what it is painted with. */
interface Layer {
  distance: (x: number, y: number) => number
  surface: Surface
}

/** Two colours of similar hue, `spread` apart in lightness, mixed by a random texture. */
function randomSurface(
  rng: Rng,
  lightness: number,
  spread: number,
  hue = rng.uniform(0, TURN),
): Surface {
  const chroma = rng.uniform(0.02, 0.19)
  const half = rng.uniform(0.1, 0.5) * spread
  return {
    first: oklch(lightness - half, chroma, hue),
    second: oklch(lightness + half, chroma * rng.uniform(0.5, 1), hue + rng.uniform(-0.7, 0.7)),
    texture: randomTexture(rng),
  }
}

/** The figure somewhere near the middle: moved, turned, scaled and a little stretched. */
function placed(rng: Rng, shape: Shape): Layer['distance'] {
  const radius = rng.uniform(9, 13.5)
  const slack = 0.75 * (SIDE / 2 - 0.8 * radius)
  const cx = SIDE / 2 + rng.uniform(-slack, slack)
  const cy = SIDE / 2 + rng.uniform(-slack, slack)
  const stretch = rng.uniform(0.88, 1.14)
  const angle = rng.uniform(-0.45, 0.45)
  const cos = Math.cos(angle) / radius
  const sin = Math.sin(angle) / radius
  return (x, y) => {
    const u = (cos * (x - cx) + sin * (y - cy)) * stretch
    const v = (cos * (y - cy) - sin * (x - cx)) / stretch
    const reach = Math.hypot(u, v)
    return radius * (reach > 1.3 ? reach - 1.1 : shape(u, v))
  }
}

function blob(rng: Rng): Layer['distance'] {
  const cx = rng.uniform(0, SIDE)
  const cy = rng.uniform(0, SIDE)
  const radius = rng.uniform(1.2, 3.2)
  return (x, y) => Math.hypot(x - cx, y - cy) - radius
}

/** A bar that crosses the whole picture. */
function bar(rng: Rng): Layer['distance'] {
  const angle = rng.uniform(0, TURN)
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const offset = rng.uniform(-10, 10)
  const halfWidth = rng.uniform(0.7, 1.7)
  return (x, y) => Math.abs(cos * (x - SIDE / 2) + sin * (y - SIDE / 2) - offset) - halfWidth
}

function randomLayers(rng: Rng, figure: Figure): { ground: Surface; layers: Layer[] } {
  const dark = rng.uniform(0.2, 0.62)
  const light = rng.uniform(dark + 0.27, 0.95)
  const isFigureLight = rng.chance(0.85)
  const ground = randomSurface(rng, isFigureLight ? dark : light, 0.16)
  const clutter = Array.from({ length: rng.int(3) }, () => ({
    distance: rng.chance(0.25) ? bar(rng) : blob(rng),
    surface: randomSurface(rng, rng.uniform(0.2, 0.95), 0.1),
  }))
  const hue = figure.hue + rng.uniform(-HUE_SPREAD, HUE_SPREAD)
  const front = {
    distance: placed(rng, figure.shape),
    surface: randomSurface(rng, isFigureLight ? light : dark, 0.16, hue),
  }
  const across = rng.chance(0.25)
    ? [{ distance: bar(rng), surface: randomSurface(rng, rng.uniform(0.2, 0.95), 0.1) }]
    : []
  return { ground, layers: [...clutter, front, ...across] }
}

/** Lays `surface` over the running colour with the given opacity. */
function paint(
  colour: Float64Array,
  surface: Surface,
  x: number,
  y: number,
  opacity: number,
): void {
  const share = surface.texture(x, y)
  for (let c = 0; c < 3; c++) {
    const paintColour = surface.first[c]! + share * (surface.second[c]! - surface.first[c]!)
    colour[c]! += opacity * (paintColour - colour[c]!)
  }
}

/**
 * Draws one picture of `figure` into `pixels` (`SIDE * SIDE * 3` bytes, HWC).
 *
 * @param rng - where every choice comes from: the same stream draws the same picture
 */
export function drawScene(pixels: Uint8Array, figure: Figure, rng: Rng): void {
  const { ground, layers } = randomLayers(rng, figure)
  const grain = rng.uniform(4, 28)
  const colour = new Float64Array(3)
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      paint(colour, ground, x, y, 1)
      for (const layer of layers) {
        const opacity = 0.5 - layer.distance(x, y)
        if (opacity > 0) paint(colour, layer.surface, x, y, Math.min(opacity, 1))
      }
      const bits = rng.uint32()
      for (let c = 0; c < 3; c++) {
        const noise = ((bits >>> (10 * c)) & 1023) / 1023 - 0.5
        pixels[at++] = Math.min(Math.max(Math.round(colour[c]! + grain * noise), 0), 255)
      }
    }
  }
}
