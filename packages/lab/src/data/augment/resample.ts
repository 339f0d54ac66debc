// Resizing as Pillow does it, to the bit: separable filters that widen when they shrink an image, with
// the fixed-point arithmetic of its 8-bit images. torchvision's and timm's crops go through it.
import { type Box, blank, CHANNELS, type Pixels } from './pixels.ts'

/** How pixels between pixels are found. */
export type Interpolation = 'bilinear' | 'bicubic'

interface Filter {
  support: number
  weight: (x: number) => number
}

/** Keys' cubic convolution with a = -1/2 (Keys 1981), as Pillow's and TensorFlow's antialiased resizes. */
function cubic(x: number): number {
  const t = Math.abs(x)
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0
}

const FILTERS: Record<Interpolation, Filter> = {
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
}

/** Bits after the binary point of a weight: 8 for the pixel and 2 of headroom leave 22 of 32. */
const PRECISION = 22
const HALF = 1 << (PRECISION - 1)

/** For each output pixel of one axis: its first input pixel, how many it reads, and their weights. */
interface Taps {
  starts: Int32Array
  counts: Int32Array
  weights: Int32Array
  stride: number
}

function tapsOf(from: number, to: number, { support, weight }: Filter): Taps {
  const scale = from / to
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const stride = 2 * Math.ceil(reach) + 1
  const taps = {
    starts: new Int32Array(to),
    counts: new Int32Array(to),
    weights: new Int32Array(to * stride),
    stride,
  }
  for (let at = 0; at < to; at++) {
    const centre = (at + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - reach + 0.5))
    const count = Math.min(from, Math.trunc(centre + reach + 0.5)) - start
    const raw = Array.from({ length: count }, (_, i) =>
      weight((start + i - centre + 0.5) * (1 / stretch)),
    )
    const total = raw.reduce((sum, w) => sum + w, 0)
    taps.starts[at] = start
    taps.counts[at] = count
    raw.forEach((w, i) => {
      const scaled = (w / total) * 2 ** PRECISION
      taps.weights[at * stride + i] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5))
    })
  }
  return taps
}

/**
 * The part of `image` inside `box`, resized to `height` x `width`; pixels outside of the box do not
 * count, as when it is cut out first.
 */
export function resizeBox(
  image: Pixels,
  box: Box,
  { height, width }: Pick<Pixels, 'height' | 'width'>,
  interpolation: Interpolation,
): Pixels {
  const filter = FILTERS[interpolation]
  const narrowed = blank(box.height, width)
  resampleRows(image, box, narrowed, tapsOf(box.width, width, filter))
  const out = blank(height, width)
  resampleColumns(narrowed, out, tapsOf(box.height, height, filter))
  return out
}

function resampleRows(image: Pixels, box: Box, out: Pixels, taps: Taps): void {
  const { starts, counts, weights, stride } = taps
  let to = 0
  for (let y = 0; y < out.height; y++) {
    const row = ((box.top + y) * image.width + box.left) * CHANNELS
    for (let x = 0; x < out.width; x++) {
      let from = row + starts[x]! * CHANNELS
      const end = x * stride + counts[x]!
      let [red, green, blue] = [HALF, HALF, HALF]
      for (let tap = x * stride; tap < end; tap++) {
        const weight = weights[tap]!
        red += image.data[from++]! * weight
        green += image.data[from++]! * weight
        blue += image.data[from++]! * weight
      }
      out.data[to++] = red >> PRECISION
      out.data[to++] = green >> PRECISION
      out.data[to++] = blue >> PRECISION
    }
  }
}

function resampleColumns(image: Pixels, out: Pixels, taps: Taps): void {
  const { starts, counts, weights, stride } = taps
  const rowLength = out.width * CHANNELS
  let to = 0
  for (let y = 0; y < out.height; y++) {
    const end = y * stride + counts[y]!
    for (let at = 0; at < rowLength; at++) {
      let from = starts[y]! * rowLength + at
      let sum = HALF
      for (let tap = y * stride; tap < end; tap++) {
        sum += image.data[from]! * weights[tap]!
        from += rowLength
      }
      out.data[to++] = sum >> PRECISION
    }
  }
}
