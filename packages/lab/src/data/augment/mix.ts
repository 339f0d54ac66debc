// MixUp (Zhang et al. 2017) and CutMix (Yun et al. 2019) of whole batches, in two readings.
// DeepMind's: every image has a partner of its own and a share of its own, in a batch twice as large
// (here: each epoch is gone through in a second order, so that it is as many steps as without).
// timm's: the partner is the batch reversed, and the share is the batch's.
import { beta } from '../distributions.ts'
import type { Rng } from '../rng.ts'
import { type Box, CHANNELS } from './pixels.ts'

/** DeepMind's reading. */
export interface DeepMindMix {
  kind: 'deepmind'
  /** With both, the first half of each batch is MixUp's and the second CutMix's. */
  method: 'mixup' | 'cutmix' | 'mixup_cutmix'
  /** Both parameters of the beta distribution of MixUp's share. */
  alpha: number
}

/** timm's reading. */
export interface TimmMix {
  kind: 'timm'
  /** Both parameters of the beta distribution of MixUp's share; 0: no MixUp. */
  mixup: number
  /** The same for CutMix; 0: no CutMix. */
  cutmix: number
  /** Share of the batches that are mixed at all. */
  probability: number
  /** With both, share of the mixed batches that are CutMix's. */
  switchProbability: number
}

/** No mixing, or one of its readings. */
export type Mix = { kind: 'none' } | DeepMindMix | TimmMix

/** What happens to one image: a blend with the partner, or a box of one in the other. */
export interface DrawnMix {
  /** Share of the first image in the label. */
  weight: number
  /** The window of CutMix; null for a blend by `weight`. */
  box: Box | null
  /** Whether the window shows the first image (DeepMind) or the partner (timm). */
  inside: 'first' | 'partner'
}

const UNMIXED: DrawnMix = { weight: 1, box: null, inside: 'first' }

/** Part of `length` within half of `extent` on both sides of `centre`. */
function span(centre: number, extent: number, length: number): [start: number, length: number] {
  const start = Math.max(0, centre - Math.floor(extent / 2))
  return [start, Math.max(0, Math.min(length, centre + Math.floor(extent / 2)) - start)]
}

/** A box of `share` of the area around a random pixel, cut off at the border. */
function drawWindow(share: number, height: number, width: number, rng: Rng): Box {
  const [y, x] = [rng.int(height), rng.int(width)]
  const [top, boxHeight] = span(y, Math.trunc(height * Math.sqrt(share)), height)
  const [left, boxWidth] = span(x, Math.trunc(width * Math.sqrt(share)), width)
  return { top, left, height: boxHeight, width: boxWidth }
}

/** DeepMind's draw for image `at` of a batch of `size`. */
export function drawOne(
  { method, alpha }: DeepMindMix,
  { at, size }: { at: number; size: number },
  height: number,
  width: number,
  rng: Rng,
): DrawnMix {
  const blends = method === 'mixup' || (method === 'mixup_cutmix' && at < Math.floor(size / 2))
  if (blends) return { weight: beta(alpha, rng), box: null, inside: 'first' }
  const box = drawWindow(1 - rng.uniform(), height, width, rng)
  return { weight: (box.height * box.width) / (height * width), box, inside: 'first' }
}

/** timm's draw for a whole batch. */
export function drawBatch(
  { mixup, cutmix, probability, switchProbability }: TimmMix,
  height: number,
  width: number,
  rng: Rng,
): DrawnMix {
  if (!rng.chance(probability)) return UNMIXED
  const cuts = cutmix > 0 && (mixup === 0 || rng.chance(switchProbability))
  if (!cuts) return mixup > 0 ? { weight: beta(mixup, rng), box: null, inside: 'first' } : UNMIXED
  const box = drawWindow(1 - beta(cutmix, rng), height, width, rng)
  return {
    weight: 1 - (box.height * box.width) / (height * width),
    box,
    inside: 'partner',
  }
}

/** Writes the mix of `first` and `partner` (HWC, rows of `width` pixels) to `out`, which may be `first`. */
export function mixInto(
  out: Float32Array | Uint8ClampedArray,
  first: Float32Array | Uint8ClampedArray,
  partner: Float32Array | Uint8ClampedArray,
  { weight, box, inside }: DrawnMix,
  width: number,
): void {
  if (!box) {
    for (let i = 0; i < out.length; i++) out[i] = weight * first[i]! + (1 - weight) * partner[i]!
    return
  }
  const rowLength = width * CHANNELS
  const [around, within] = inside === 'first' ? [partner, first] : [first, partner]
  const window = within.slice()
  if (out !== around) out.set(around)
  for (let y = box.top; y < box.top + box.height; y++) {
    const from = y * rowLength + box.left * CHANNELS
    out.set(window.subarray(from, from + box.width * CHANNELS), from)
  }
}
