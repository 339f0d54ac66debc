// What residual nets of every family have in common: depths, the places of their blocks, and how
// their kernels start. Numbers only, but for the initialisation.
import { ArgumentError, nn } from '@normfree/torch'
import type { ModelOptions } from './entry.ts'

/** What may be changed in a residual classifier of any family. */
export type ClassifierOptions = Pick<
  ModelOptions,
  'numClasses' | 'inChans' | 'dropRate' | 'dropPathRate' | 'outputStride'
>

/** Two 3 x 3 convolutions, or 1 x 1, 3 x 3, 1 x 1. */
export type BranchKind = 'basic' | 'bottleneck'

/** A row of a table of depths: blocks of each stage. */
export interface Depth {
  block: BranchKind
  /** Blocks of each stage. */
  layers: readonly number[]
}

/**
 * ImageNet ResNets by depth (He et al., 2015; 26 as timm; 288 and 600 as the NF-ResNets paper, whose
 * count takes neither stem nor classifier: 290 and 602 layers).
 */
export const IMAGENET_DEPTHS = {
  18: { block: 'basic', layers: [2, 2, 2, 2] },
  26: { block: 'bottleneck', layers: [2, 2, 2, 2] },
  34: { block: 'basic', layers: [3, 4, 6, 3] },
  50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
  101: { block: 'bottleneck', layers: [3, 4, 23, 3] },
  152: { block: 'bottleneck', layers: [3, 8, 36, 3] },
  200: { block: 'bottleneck', layers: [3, 24, 36, 3] },
  288: { block: 'bottleneck', layers: [24, 24, 24, 24] },
  600: { block: 'bottleneck', layers: [50, 50, 50, 50] },
} as const satisfies Record<number, Depth>

/** Depths of the papers' nets for 32 px: 6n + 2. */
export const CIFAR_DEPTHS = [20, 32, 44, 56, 110, 1202] as const

/**
 * Three stages of n basic blocks each, for a depth of 6n + 2.
 *
 * @throws ArgumentError for another depth.
 */
export function cifarDepth(depth: number): Depth {
  const blocks = (depth - 2) / 6
  if (!Number.isInteger(blocks) || blocks < 1)
    throw new ArgumentError(
      `Expected 6n + 2 (20, 32, 44, ...) for \`depth\` but received ${depth}.`,
    )
  return { block: 'basic', layers: [blocks, blocks, blocks] }
}

/** Where a block stands and what it maps. */
export interface BlockLayout {
  stage: number
  /** Index within the stage, from 0. */
  block: number
  /** Index within the net, from 0. */
  index: number
  /** Last block before the next stage. */
  stageEnd: boolean
  inChannels: number
  outChannels: number
  stride: number
  /** Of the first convolution larger than 1 x 1. */
  firstDilation: number
  /** Of further ones. */
  dilation: number
}

/** A net in numbers: what layOut works out the places of its blocks from. */
export interface NetLayout {
  /** Blocks of each stage. */
  layers: readonly number[]
  /** Outputs of each stage. */
  channels: readonly number[]
  /** Outputs of the stem, and by how much it divides the sides. */
  stem: { channels: number; stride: number }
  /** Stride of the first block of each stage. Default: 1, then 2. */
  strides?: readonly number[]
  /** Default 32. */
  outputStride?: number
}

/**
 * The blocks of each stage, stage by stage, dilated where striding would go beyond `outputStride`.
 *
 * @throws ArgumentError for an `outputStride` that is not 8, 16 or 32.
 */
export function layOut({
  layers,
  channels,
  stem,
  strides = layers.map((_, stage) => (stage > 0 ? 2 : 1)),
  outputStride = 32,
}: NetLayout): BlockLayout[][] {
  if (![8, 16, 32].includes(outputStride))
    throw new ArgumentError(
      `Expected 8, 16 or 32 for \`outputStride\` but received ${outputStride}.`,
    )
  let [index, reached, dilation, lastDilation] = [0, stem.stride, 1, 1]
  return layers.map((depth, stage) => {
    const strided = reached * strides[stage] <= outputStride
    if (strided) reached *= strides[stage]
    else dilation *= strides[stage]
    return Array.from({ length: depth }, (_, block) => {
      const first = block === 0
      const firstDilation = lastDilation
      lastDilation = dilation
      return {
        ...{ stage, block, index: index++, stageEnd: block === depth - 1 },
        inChannels: first ? (channels[stage - 1] ?? stem.channels) : channels[stage],
        outChannels: channels[stage],
        stride: first && strided ? strides[stage] : 1,
        firstDilation,
        dilation,
      }
    })
  })
}

/** Stochastic depth of each of `count` blocks: from 0 to `rate`, which the last one has. */
export const dropPathRates = (rate: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? 0 : (rate * i) / (count - 1)))

/** Kernels drawn from N(0, gain^2 / fan). */
export interface KernelInit {
  mode: nn.init.FanMode
  gain: number
  /** Cut at two standard deviations, without correcting the variance, as Haiku's default. */
  truncated?: boolean
}

/** He et al. (2015) in the form of timm's and torchvision's ResNets. */
export const HE_FAN_OUT: KernelInit = { mode: 'fan_out', gain: Math.SQRT2 }

/** Draws the kernel of every convolution below `model` anew and sets its bias to 0. */
export function initKernels(model: nn.AnyModule, init: KernelInit): void {
  for (const module of model.modules()) {
    if (!(module instanceof nn.Conv2d)) continue
    const [fanIn, fanOut] = nn.init.calculateFanInAndFanOut(module.weight)
    const std = init.gain / Math.sqrt(init.mode === 'fan_in' ? fanIn : fanOut)
    if (init.truncated) nn.init.truncNormal_(module.weight, 0, std, -2 * std, 2 * std)
    else nn.init.normal_(module.weight, 0, std)
    if (module.bias) nn.init.zeros_(module.bias)
  }
}
