// RegNetYs (Radosavovic et al., 2020): the normalized counterparts of NF-RegNets. Stage widths follow
// from a line in the block's index; names, rounding and initialisation are those of timm's RegNet.
import { nn, type Tensor } from '@normfree/torch'
import { createConv, createNorm, gainOf, type NormName } from '../layers/norm.ts'
import { SqueezeExcite } from '../layers/squeeze-excite.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { LinearHead } from './heads.ts'
import { type BlockLayout, type ClassifierOptions, dropPathRates, layOut } from './layout.ts'
import { ResidualBlock } from './residual-block.ts'

/** One {@link RegNet}: the line of widths that its stages are quantized from. */
export interface RegNetOptions extends ClassifierOptions {
  depth: number
  /** Width of the line at block 0, and its rise a block. */
  w0: number
  wa: number
  /** Ratio of the widths that the line is rounded to. */
  wm: number
  /** Channels of a group of the 3 x 3 convolutions. */
  groupSize: number
  /** Default 'batch'. */
  norm?: NormName
}

const STEM_CHANNELS = 32
/** Hidden channels of squeeze-excite as a share of the block's input. */
const SE_RATIO = 0.25

/** Halves go to the even neighbour, as Python rounds: 136 channels are 8 groups of 16, not 9. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** Widths and blocks of each stage. */
export function regNetStages({ depth, w0, wa, wm, groupSize }: RegNetOptions): {
  channels: number[]
  layers: number[]
  groupSizes: number[]
} {
  const widths = Array.from({ length: depth }, (_, i) => {
    const power = roundHalfEven(Math.log((w0 + wa * i) / w0) / Math.log(wm))
    return roundHalfEven((w0 * wm ** power) / 8) * 8
  })
  const stages = [...new Set(widths)]
  const groupSizes = stages.map(width => Math.min(groupSize, width))
  return {
    channels: stages.map((width, i) => roundHalfEven(width / groupSizes[i]) * groupSizes[i]),
    layers: stages.map(width => widths.filter(each => each === width).length),
    groupSizes,
  }
}

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default). */
export class RegNet extends nn.Module {
  readonly stem: ConvNorm
  readonly s1: nn.Sequential
  readonly s2: nn.Sequential
  readonly s3: nn.Sequential
  readonly s4: nn.Sequential
  readonly head: LinearHead

  constructor(options: RegNetOptions) {
    super()
    const { numClasses = 1000, inChans = 3, norm = 'batch', dropRate = 0 } = options
    const { channels, layers, groupSizes } = regNetStages(options)
    this.stem = new ConvNorm(norm, inChans, STEM_CHANNELS, 3, { stride: 2 })
    const blocks = layOut({
      ...{ layers, channels, outputStride: options.outputStride },
      stem: { channels: STEM_CHANNELS, stride: 2 },
      strides: layers.map(() => 2),
    })
    const rates = dropPathRates(options.dropPathRate ?? 0, blocks.flat().length)
    const stages = blocks.map((stage, s) => {
      const sequence = new nn.Sequential()
      for (const at of stage)
        sequence.addModule(
          `b${at.block + 1}`,
          new RegNetBlock(at, norm, groupSizes[s], rates[at.index]),
        )
      return sequence
    })
    ;[this.s1, this.s2, this.s3, this.s4] = stages as [
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
    ]
    initPerGroup(this)
    this.head = new LinearHead(channels[channels.length - 1], numClasses, dropRate)
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.forwardFeatures(x))
  }

  /** The output of the last stage, behind its ReLU: (N, C, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    return this.s4(this.s3(this.s2(this.s1(this.stem(x).relu()))))
  }
}

/** N(0, 2 / fan-out) with the fan-out of one group, as timm's RegNet and EfficientNet. */
export function initPerGroup(model: nn.AnyModule): void {
  for (const module of model.modules()) {
    if (!(module instanceof nn.Conv2d)) continue
    const [, fanOut] = nn.init.calculateFanInAndFanOut(module.weight)
    nn.init.normal_(module.weight, 0, Math.sqrt((2 * module.groups) / fanOut))
    if (module.bias) nn.init.zeros_(module.bias)
  }
}

/** A convolution and its norm: `conv` and `bn`. */
class ConvNorm extends nn.Module {
  readonly conv: nn.Conv2d
  readonly bn: nn.Module

  constructor(...[norm, inChannels, outChannels, ...form]: Parameters<typeof createConv>) {
    super()
    this.conv = createConv(norm, inChannels, outChannels, ...form)
    this.bn = createNorm(norm, outChannels)
  }

  override forward(x: Tensor): Tensor {
    return this.bn(this.conv(x))
  }
}

/** relu(shortcut + f(x)) with squeeze-excite behind the 3 x 3 convolution; no bottleneck. */
class RegNetBlock extends ResidualBlock {
  readonly conv1: ConvNorm
  readonly conv2: ConvNorm
  readonly se: SqueezeExcite
  readonly conv3: ConvNorm
  readonly downsample: ConvNorm | null
  readonly dropPath: StochasticDepth

  constructor(layout: BlockLayout, norm: NormName, groupSize: number, dropPathRate: number) {
    const { stage, block, stageEnd, inChannels, outChannels, stride, firstDilation } = layout
    super({ stage, block, stageEnd, predictedVariance: null })
    const groups = outChannels / groupSize
    this.conv1 = new ConvNorm(norm, inChannels, outChannels, 1)
    this.conv2 = new ConvNorm(norm, outChannels, outChannels, 3, {
      ...{ stride, dilation: firstDilation, groups },
    })
    const hiddenChannels = roundHalfEven(inChannels * SE_RATIO)
    this.se = new SqueezeExcite(outChannels, { hiddenChannels, gain: 1 })
    this.conv3 = new ConvNorm(norm, outChannels, outChannels, 1)
    this.downsample =
      stride > 1 || inChannels !== outChannels
        ? new ConvNorm(norm, inChannels, outChannels, 1, { stride })
        : null
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
    const gain = gainOf(this.conv3.bn)
    if (gain) nn.init.zeros_(gain)
  }

  override forward(x: Tensor): Tensor {
    const y = this.se(this.conv2(this.conv1(x).relu()).relu())
    const branch = this.dropPath(this.residual(this.conv3(y)))
    return branch.add(this.downsample ? this.downsample(x) : x).relu()
  }

  /** The gain of the last norm, which starts at 0. */
  override branchScale(): Tensor | null {
    return gainOf(this.conv3.bn)
  }
}
