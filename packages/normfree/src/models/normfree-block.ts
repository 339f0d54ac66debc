// The pre-activation bottleneck of every normalizer-free ImageNet net (NF-ResNets, section 4 and
// Appendix B; NFNets, section 5): with SE in the middle it is NF-RegNet's, with a second 3 x 3
// convolution NFNet's.
import { ArgumentError, nn, type Tensor, zeros } from '@normfree/torch'
import { EfficientChannelAttention } from '../layers/efficient-channel-attention.ts'
import { AvgPool2dSame } from '../layers/same-padding.ts'
import type { ScaledActivation } from '../layers/scaled-activation.ts'
import type { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { SqueezeExcite } from '../layers/squeeze-excite.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import type { BlockPlan } from '../variance.ts'
import type { BlockLayout } from './layout.ts'
import type { Layers } from './normfree-conventions.ts'
import { type BlockMultipliers, ResidualBlock } from './residual-block.ts'

/** Channel attention, its gate doubled: squeeze-excite with its share of hidden channels, or ECA. */
export type Attention = { kind: 'se'; ratio: number } | { kind: 'eca' }

/** What all blocks of a net share. */
export interface BlockStyle {
  /** Growth of the variance a block. */
  alpha: number
  /** Width of the 3 x 3 convolutions as a share of the block's output, or of its input (`reg`). */
  bottleRatio: number
  /** RegNet's form: expansion of the input, attention before the last convolution. */
  reg: boolean
  /** A second 3 x 3 convolution. */
  extraConv: boolean
  /** Channels in a group of the 3 x 3 convolutions; null for one group. */
  groupSize: number | null
  attention: Attention | null
  /** A transition's shortcut: 2 x 2 means and a convolution, or a convolution with the stride. */
  shortcut: 'avg_pool' | 'strided_conv'
}

/** Where one block stands. */
export interface BlockPlace {
  layout: BlockLayout
  plan: BlockPlan
  dropPathRate: number
}

/** shortcut + alpha * s * f(u) with u = act(x) gamma / beta; a transition's shortcut is made of u. */
export class NormFreeBlock extends ResidualBlock {
  readonly skipinitGain: nn.Parameter | null
  readonly downsample: DownsampleAvg | null
  readonly act1: ScaledActivation
  readonly conv1: ScaledStdConv2d
  readonly act2: ScaledActivation
  readonly conv2: ScaledStdConv2d
  readonly act2b: ScaledActivation | null
  readonly conv2b: ScaledStdConv2d | null
  readonly attn: nn.Module | null
  readonly act3: ScaledActivation
  readonly conv3: ScaledStdConv2d
  readonly attnLast: nn.Module | null
  readonly dropPath: StochasticDepth
  readonly alpha: number

  constructor(layers: Layers, style: BlockStyle, { layout, plan, dropPathRate }: BlockPlace) {
    const { stage, block, stageEnd, inChannels: input, outChannels: out, stride } = layout
    const { dilation, firstDilation } = layout
    super({ stage, block, stageEnd, predictedVariance: plan.predictedVariance })
    const { skipInit, scaleByKeep } = layers.convention
    const { middle, groups } = middleOf(layers, style, layout)
    const attention = () => attentionOf(layers, style.attention, style.reg ? middle : out)
    const changes = input !== out || stride !== 1 || dilation !== firstDilation
    this.alpha = style.alpha
    this.skipinitGain = skipInit ? new nn.Parameter(zeros([])) : null
    this.downsample = changes ? new DownsampleAvg(layers, style, layout) : null
    this.act1 = layers.activation(plan.beta)
    this.conv1 = layers.conv(input, middle, 1)
    this.act2 = layers.activation()
    this.conv2 = layers.conv(middle, middle, 3, { stride, dilation: firstDilation, groups })
    this.act2b = style.extraConv ? layers.activation() : null
    this.conv2b = style.extraConv ? layers.conv(middle, middle, 3, { dilation, groups }) : null
    this.attn = style.reg ? attention() : null
    this.act3 = layers.activation()
    this.conv3 = layers.conv(middle, out, 1, { gainInit: skipInit ? 1 : 0 })
    this.attnLast = style.reg ? null : attention()
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep })
  }

  override forward(x: Tensor): Tensor {
    const u = this.activated(x)
    const shortcut = this.downsample ? this.downsample(u) : x
    const branch = this.dropPath(this.residual(this.#branch(u)))
    const scaled = this.skipinitGain ? branch.mul(this.skipinitGain) : branch
    return shortcut.add(scaled, { alpha: this.alpha })
  }

  #branch(u: Tensor): Tensor {
    let y = this.conv2(this.act2(this.conv1(u)))
    if (this.conv2b && this.act2b) y = this.conv2b(this.act2b(y))
    if (this.attn) y = this.attn(y)
    y = this.conv3(this.act3(y))
    return this.attnLast ? this.attnLast(y) : y
  }

  override branchScale(): Tensor {
    return this.skipinitGain ?? this.conv3.gain
  }

  override multipliers(): BlockMultipliers {
    return { ...super.multipliers(), residual: this.alpha }
  }

  override activated(x: Tensor): Tensor {
    return this.act1(x)
  }
}

/**
 * Width of the 3 x 3 convolutions and the number of their groups, which divides it. A RegNet does not
 * expand the first block of the net.
 */
function middleOf(
  layers: Layers,
  style: BlockStyle,
  { index, inChannels, outChannels }: BlockLayout,
) {
  const { bottleRatio, reg, groupSize } = style
  const wanted = reg ? inChannels * (index === 0 ? 1 : bottleRatio) : outChannels * bottleRatio
  const middle = layers.convention.roundChannels(wanted)
  if (groupSize === null) return { middle, groups: 1 }
  const groups = Math.floor(middle / groupSize)
  if (groups < 1)
    throw new ArgumentError(
      `Expected at least one group of \`groupSize\` ${groupSize} in a block but received ${middle} channels; take smaller groups or wider stages.`,
    )
  return { middle: groups * groupSize, groups }
}

function attentionOf(
  layers: Layers,
  attention: Attention | null,
  channels: number,
): nn.Module | null {
  if (attention === null) return null
  if (attention.kind === 'eca') return new EfficientChannelAttention(channels)
  const hiddenChannels = layers.convention.roundHidden(channels * attention.ratio)
  return new SqueezeExcite(channels, { hiddenChannels })
}

/** The shortcut of a block that changes the number of channels or of positions. */
class DownsampleAvg extends nn.Module {
  readonly pool: nn.Module
  readonly conv: ScaledStdConv2d

  constructor(layers: Layers, style: BlockStyle, layout: BlockLayout) {
    super()
    const { inChannels, outChannels, stride, dilation } = layout
    const strided = style.shortcut === 'strided_conv'
    this.pool = strided ? new nn.Identity() : averaging(stride, dilation)
    this.conv = layers.conv(inChannels, outChannels, 1, { stride: strided ? stride : 1 })
  }

  override forward(u: Tensor): Tensor {
    return this.conv(this.pool(u))
  }
}

function averaging(stride: number, dilation: number): nn.Module {
  if (dilation > 1) return new AvgPool2dSame(2, 1)
  if (stride === 1) return new nn.Identity()
  return new nn.AvgPool2d(2, { stride, ceilMode: true, countIncludePad: false })
}
