// Affine moves of one 8-bit image with Pillow's conventions: a matrix takes the middle of an output pixel
// to the place in the input that it shows; places outside show the fill colour.
import { blank, CHANNELS, type Pixels } from './pixels.ts'
import type { Interpolation } from './resample.ts'

/** How a moved image is read: interpolation, and what stands outside of it. */
export interface MoveStyle {
  interpolation: Interpolation | 'nearest'
  /** Red, green and blue, 0..255. */
  fill: readonly number[]
}

/** `[a, b, c, d, e, f]`: output (x, y) shows input (a x + b y + c, d x + e y + f). */
type Matrix = readonly [number, number, number, number, number, number]

/** Slants rows by `factor` pixels a row. */
export const shearX = (image: Pixels, factor: number, style: MoveStyle): Pixels =>
  move(image, [1, factor, 0, 0, 1, 0], style)

/** Slants columns by `factor` pixels a column. */
export const shearY = (image: Pixels, factor: number, style: MoveStyle): Pixels =>
  move(image, [1, 0, 0, factor, 1, 0], style)

/** Shows what lies `pixels` to the right. */
export const translateX = (image: Pixels, pixels: number, style: MoveStyle): Pixels =>
  move(image, [1, 0, pixels, 0, 1, 0], style)

/** Shows what lies `pixels` below. */
export const translateY = (image: Pixels, pixels: number, style: MoveStyle): Pixels =>
  move(image, [1, 0, 0, 0, 1, pixels], style)

/** Turns about the middle by `degrees`, counter-clockwise. */
export function rotate(image: Pixels, degrees: number, style: MoveStyle): Pixels {
  const angle = (-degrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [x, y] = [image.width / 2, image.height / 2]
  return move(image, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y], style)
}

type Sampler = (image: Pixels, x: number, y: number, channel: number) => number

const clampTo = (value: number, length: number): number => Math.min(length - 1, Math.max(0, value))

/** The byte at whole numbers, the border's beyond it. */
const byteAt: Sampler = ({ data, height, width }, x, y, channel) =>
  data[(clampTo(y, height) * width + clampTo(x, width)) * CHANNELS + channel]!

const nearest: Sampler = (image, x, y, channel) =>
  byteAt(image, Math.floor(x), Math.floor(y), channel)

const bilinear: Sampler = (image, x, y, channel) => {
  const [column, row] = [Math.floor(x - 0.5), Math.floor(y - 0.5)]
  const [dx, dy] = [x - 0.5 - column, y - 0.5 - row]
  const along = (line: number) => {
    const from = byteAt(image, column, line, channel)
    return from + (byteAt(image, column + 1, line, channel) - from) * dx
  }
  const upper = along(row)
  return Math.trunc(upper + (along(row + 1) - upper) * dy)
}

/** Keys' cubic with a = -1, which Pillow's transforms use (its resizes use -1/2). */
const throughFour = (v: readonly number[], d: number): number => {
  const [a, b, c, e] = v as [number, number, number, number]
  return b + d * (c - a + d * (2 * (a - b) + c - e + d * (b - a - c + e)))
}

const bicubic: Sampler = (image, x, y, channel) => {
  const [column, row] = [Math.floor(x - 0.5), Math.floor(y - 0.5)]
  const [dx, dy] = [x - 0.5 - column, y - 0.5 - row]
  const steps = [-1, 0, 1, 2]
  const rows = steps.map(line =>
    throughFour(
      steps.map(step => byteAt(image, column + step, row + line, channel)),
      dx,
    ),
  )
  return Math.trunc(Math.min(255, Math.max(0, throughFour(rows, dy))))
}

const SAMPLERS: Record<MoveStyle['interpolation'], Sampler> = { nearest, bilinear, bicubic }

function move(image: Pixels, matrix: Matrix, { interpolation, fill }: MoveStyle): Pixels {
  const { height, width } = image
  const [a, b, c, d, e, f] = matrix
  const sample = SAMPLERS[interpolation]
  const out = blank(height, width)
  let at = 0
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = a * (column + 0.5) + b * (row + 0.5) + c
      const y = d * (column + 0.5) + e * (row + 0.5) + f
      const inside = x >= 0 && x < width && y >= 0 && y < height
      for (let channel = 0; channel < CHANNELS; channel++)
        out.data[at++] = inside ? sample(image, x, y, channel) : fill[channel]!
    }
  }
  return out
}
