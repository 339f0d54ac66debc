// Colour operations on one 8-bit image, in place, with Pillow's arithmetic (ImageEnhance, ImageOps and
// its HSV). Each takes what was drawn already; nothing here is random.
import { CHANNELS, type Pixels } from './pixels.ts'

/** Pillow's luma of ITU-R 601 in 16-bit fixed point. */
const luma = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16

/** One luma a pixel. */
function greyOf({ data }: Pixels): Uint8Array {
  const grey = new Uint8Array(data.length / CHANNELS)
  for (let i = 0, at = 0; i < grey.length; i++, at += CHANNELS)
    grey[i] = luma(data[at]!, data[at + 1]!, data[at + 2]!)
  return grey
}

/**
 * `from + factor * (to - from)` in single precision, cut to 0..255 and truncated: 0 gives `from`, 1 `to`,
 * beyond 1 goes on in the same direction.
 */
function blended(from: number, to: number, factor: number): number {
  return Math.trunc(
    Math.min(255, Math.max(0, Math.fround(from + Math.fround(factor * (to - from))))),
  )
}

/** Draws every byte towards `degenerate(at)` (factor below 1) or away from it (above 1). */
function enhance({ data }: Pixels, factor: number, degenerate: (at: number) => number): void {
  const weight = Math.fround(factor)
  for (let at = 0; at < data.length; at++) data[at] = blended(degenerate(at), data[at]!, weight)
}

/** Towards black: 0 is black, 1 the image itself. */
export const brightness = (image: Pixels, factor: number): void => enhance(image, factor, () => 0)

/** Towards the mean luma of the image, rounded. */
export function contrast(image: Pixels, factor: number): void {
  const grey = greyOf(image)
  const mean = Math.trunc(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5)
  enhance(image, factor, () => mean)
}

/** Towards the image in greys. */
export function saturation(image: Pixels, factor: number): void {
  const grey = greyOf(image)
  enhance(image, factor, at => grey[Math.trunc(at / CHANNELS)]!)
}

/** Towards the image smoothed by ones around a five, over thirteen; its border stays. */
export function sharpness(image: Pixels, factor: number): void {
  const smooth = smoothed(image)
  enhance(image, factor, at => smooth[at]!)
}

function smoothed({ data, height, width }: Pixels): Uint8ClampedArray {
  const out = data.slice()
  const row = width * CHANNELS
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + CHANNELS; at < (y + 1) * row - CHANNELS; at++) {
      let sum = 4 * data[at]!
      for (let line = at - row; line <= at + row; line += row)
        sum += data[line - CHANNELS]! + data[line]! + data[line + CHANNELS]!
      out[at] = Math.floor(sum / 13 + 0.5)
    }
  }
  return out
}

/** Replaces the bytes of each channel by a table of its own, made from the channel's histogram. */
function remapChannels(
  { data }: Pixels,
  tableOf: (counts: Uint32Array) => Uint8ClampedArray,
): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    const counts = new Uint32Array(256)
    for (let at = channel; at < data.length; at += CHANNELS) counts[data[at]!]!++
    const table = tableOf(counts)
    for (let at = channel; at < data.length; at += CHANNELS) data[at] = table[data[at]!]!
  }
}

const identity = (): Uint8ClampedArray => Uint8ClampedArray.from({ length: 256 }, (_, i) => i)

/** Stretches each channel from its least to its greatest value over 0..255. */
export function autoContrast(image: Pixels): void {
  remapChannels(image, counts => {
    const low = counts.findIndex(count => count > 0)
    const high = counts.findLastIndex(count => count > 0)
    if (high <= low) return identity()
    const scale = 255 / (high - low)
    return identity().map(value => Math.max(0, Math.trunc(value * scale - low * scale)))
  })
}

/** Levels the histogram of each channel. */
export function equalize(image: Pixels): void {
  remapChannels(image, counts => {
    const used = counts.filter(count => count > 0)
    const total = used.reduce((sum, count) => sum + count, 0)
    const step = Math.floor((total - (used.at(-1) ?? 0)) / 255)
    if (step === 0) return identity()
    let sum = Math.floor(step / 2)
    return identity().map((_, value) => {
      const level = Math.floor(sum / step)
      sum += counts[value]!
      return level
    })
  })
}

function remap({ data }: Pixels, change: (value: number) => number): void {
  for (let at = 0; at < data.length; at++) data[at] = change(data[at]!)
}

/** The negative. */
export const invert = (image: Pixels): void => remap(image, value => 255 - value)

/** Keeps the upper `bits` of 8. */
export function posterize(image: Pixels, bits: number): void {
  const mask = 0xff & (0xff << (8 - bits))
  remap(image, value => value & mask)
}

/** Inverts what is not below `threshold`; above 255 nothing changes. */
export const solarize = (image: Pixels, threshold: number): void =>
  remap(image, value => (value < threshold ? value : 255 - value))

/** Adds to what is below 128. */
export const solarizeAdd = (image: Pixels, add: number): void =>
  remap(image, value => (value < 128 ? Math.min(255, value + add) : value))

/** Turns the hue by `turn` of the circle, -0.5 to 0.5, through Pillow's 8-bit HSV. */
export function hue({ data }: Pixels, turn: number): void {
  const shift = Math.trunc(turn * 255)
  for (let at = 0; at < data.length; at += CHANNELS) {
    const [h, s, v] = toHsv(data[at]!, data[at + 1]!, data[at + 2]!)
    const [red, green, blue] = fromHsv((h + shift) & 0xff, s, v)
    data[at] = red
    data[at + 1] = green
    data[at + 2] = blue
  }
}

/** Pillow computes in single precision where it matters for the last bit. */
const single = Math.fround

type Colour = [number, number, number]

function toHsv(red: number, green: number, blue: number): Colour {
  const most = Math.max(red, green, blue)
  const range = most - Math.min(red, green, blue)
  if (range === 0) return [0, 0, most]
  const [r, g, b] = [red, green, blue].map(value => single((most - value) / range)) as Colour
  const sixth = single(red === most ? b - g : green === most ? 2 + r - b : 4 + g - r)
  const h = single((sixth / 6 + 1) % 1)
  return [Math.trunc(h * 255), Math.trunc(single(range / most) * 255), most]
}

function fromHsv(h: number, s: number, v: number): Colour {
  if (s === 0) return [v, v, v]
  const sixth = (h * 6) / 255
  const sector = Math.floor(sixth)
  const part = single(sixth - sector)
  const share = single(s / 255)
  const p = Math.round(v * (1 - share))
  const q = Math.round(v * (1 - single(share * part)))
  const t = Math.round(v * (1 - share * (1 - part)))
  const colours: Colour[] = [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ]
  return colours[sector % 6]!
}
