// The first layers of the normalizer-free ImageNet nets: standardized convolutions, no activation
// after the last, since the blocks that follow begin with one.
import { nn } from '@normfree/torch'
import { MaxPool2dSame } from '../layers/same-padding.ts'
import type { Layers } from './normfree-conventions.ts'

/**
 * One convolution (`3x3`, `7x7`), or 3 x 3 ones in a row: three of C/2, C/2, C channels (`deep`) or
 * of 3C/8, C/2, C (`deep_tiered`); four of C/8, C/4, C/2, C (`deep_quad`, NFNet's, which halves
 * twice). `_pool` adds a 3 x 3 maximum of stride 2. The names are timm's.
 */
export type StemKind =
  | '3x3'
  | '3x3_pool'
  | '7x7'
  | '7x7_pool'
  | 'deep'
  | 'deep_pool'
  | 'deep_tiered'
  | 'deep_tiered_pool'
  | 'deep_quad'

/** The kind of a stem and its widths. */
export interface Stem {
  kind: StemKind
  /** Channels that come out. */
  channels: number
  /** Of the deep kinds: channels of the convolutions before the last, in place of the rule's. */
  hidden?: readonly number[]
}

/** The stem and by how much it divides the image's sides. */
export function createStem(
  layers: Layers,
  inChans: number,
  { kind, channels, hidden }: Stem,
): { module: nn.Sequential; stride: number } {
  const module = new nn.Sequential()
  if (kind.startsWith('deep')) {
    const widths = [...(hidden ?? hiddenWidths(kind, channels)), channels]
    const last = widths.length - 1
    widths.forEach((width, i) => {
      const halves = i === 0 || (kind === 'deep_quad' && i === last)
      const input = i === 0 ? inChans : widths[i - 1]
      module.addModule(`conv${i + 1}`, layers.conv(input, width, 3, { stride: halves ? 2 : 1 }))
      if (i < last) module.addModule(`act${i + 2}`, layers.activation())
    })
  } else {
    const kernelSize = kind.startsWith('7x7') ? 7 : 3
    module.addModule('conv', layers.conv(inChans, channels, kernelSize, { stride: 2 }))
  }
  const pool = kind.endsWith('_pool')
  if (pool)
    module.addModule(
      'pool',
      layers.convention.samePadding
        ? new MaxPool2dSame(3, 2)
        : new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    )
  return { module, stride: pool || kind === 'deep_quad' ? 4 : 2 }
}

function hiddenWidths(kind: StemKind, channels: number): number[] {
  const share = (numerator: number, divisor: number) => Math.floor((numerator * channels) / divisor)
  if (kind === 'deep_quad') return [share(1, 8), share(1, 4), share(1, 2)]
  return [kind.startsWith('deep_tiered') ? share(3, 8) : share(1, 2), share(1, 2)]
}
