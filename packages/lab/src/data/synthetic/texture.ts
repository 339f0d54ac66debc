// Surface patterns of the synthetic set. They carry no information about the class.
import type { Rng } from '../rng.ts'

/** Share (0..1) of a surface's second colour at a pixel. */
export type Texture = (x: number, y: number) => number

const TURN = 2 * Math.PI

/** A wave of the given period (pixels) along a random direction. */
function wave(rng: Rng, period: number): Texture {
  const angle = rng.uniform(0, TURN)
  const phase = rng.uniform(0, TURN)
  const kx = (TURN / period) * Math.cos(angle)
  const ky = (TURN / period) * Math.sin(angle)
  return (x, y) => 0.5 + 0.5 * Math.sin(kx * x + ky * y + phase)
}

const ramp = (rng: Rng): Texture => wave(rng, rng.uniform(50, 90))

const stripes = (rng: Rng): Texture => wave(rng, rng.uniform(3.5, 11))

function checks(rng: Rng): Texture {
  const period = rng.uniform(5, 13)
  const angle = rng.uniform(0, TURN)
  const kx = (TURN / period) * Math.cos(angle)
  const ky = (TURN / period) * Math.sin(angle)
  const phase = rng.uniform(0, TURN)
  return (x, y) => {
    const product = Math.sin(kx * x + ky * y + phase) * Math.sin(ky * x - kx * y + phase)
    return Math.min(Math.max(0.5 + 2 * product, 0), 1)
  }
}

function ripples(rng: Rng): Texture {
  const cx = rng.uniform(-8, 40)
  const cy = rng.uniform(-8, 40)
  const k = TURN / rng.uniform(4, 10)
  return (x, y) => 0.5 + 0.5 * Math.sin(k * Math.hypot(x - cx, y - cy))
}

const LATTICE = 16

/** Value noise: random heights on a lattice, smoothly interpolated. */
function clouds(rng: Rng): Texture {
  const heights = Float64Array.from({ length: LATTICE * LATTICE }, () => rng.uniform())
  const scale = 1 / rng.uniform(3, 9)
  const height = (i: number, j: number) => heights[(j % LATTICE) * LATTICE + (i % LATTICE)]!
  return (x, y) => {
    const i = Math.floor(x * scale)
    const j = Math.floor(y * scale)
    const u = x * scale - i
    const v = y * scale - j
    const su = u * u * (3 - 2 * u)
    const sv = v * v * (3 - 2 * v)
    const top = height(i, j) * (1 - su) + height(i + 1, j) * su
    const bottom = height(i, j + 1) * (1 - su) + height(i + 1, j + 1) * su
    return top * (1 - sv) + bottom * sv
  }
}

const TEXTURES = [ramp, ramp, stripes, checks, ripples, clouds, clouds]

/** A texture of a random kind, direction, scale and phase. */
export function randomTexture(rng: Rng): Texture {
  return TEXTURES[rng.int(TEXTURES.length)]!(rng)
}
