// EfficientNets (Tan and Le, 2019): the baselines of NFNets and NF-RegNets. B1 to B5 are B0 with more
// blocks and channels. Names, rounding and initialisation are those of timm's efficientnet_b0 ... b5.
import { nn, type Tensor } from '@normfree/torch'
import { createConv, createNorm, type NormName } from '../layers/norm.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { type BlockLayout, type ClassifierOptions, layOut } from './layout.ts'
import { makeDivisible } from './normfree-conventions.ts'
import { initPerGroup } from './regnet.ts'
import { ResidualBlock } from './residual-block.ts'

/** One {@link EfficientNet}: how much wider, how much deeper than B0. */
export interface EfficientNetOptions extends ClassifierOptions {
  /** Factor of B0's channels, rounded to multiples of 8. */
  widthFactor: number
  /** Factor of B0's blocks a stage, rounded up. */
  depthFactor: number
  /** Default 'batch'. */
  norm?: NormName
}

/** The stages of B0: blocks, channels, kernel, stride, expansion of the block's input. */
const STAGES = [
  { depth: 1, channels: 16, kernelSize: 3, stride: 1, expansion: 1 },
  { depth: 2, channels: 24, kernelSize: 3, stride: 2, expansion: 6 },
  { depth: 2, channels: 40, kernelSize: 5, stride: 2, expansion: 6 },
  { depth: 3, channels: 80, kernelSize: 3, stride: 2, expansion: 6 },
  { depth: 3, channels: 112, kernelSize: 5, stride: 1, expansion: 6 },
  { depth: 4, channels: 192, kernelSize: 5, stride: 2, expansion: 6 },
  { depth: 1, channels: 320, kernelSize: 3, stride: 1, expansion: 6 },
] as const

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default). */
export class EfficientNet extends nn.Module {
  readonly convStem: nn.Conv2d
  readonly bn1: nn.Module
  readonly blocks: nn.Sequential
  readonly convHead: nn.Conv2d
  readonly bn2: nn.Module
  readonly drop: nn.Dropout
  readonly classifier: nn.Linear

  constructor(options: EfficientNetOptions) {
    super()
    const { numClasses = 1000, inChans = 3, norm = 'batch', outputStride } = options
    const { widthFactor, depthFactor, dropRate = 0, dropPathRate = 0 } = options
    const stem = makeDivisible(32 * widthFactor)
    const channels = STAGES.map(stage => makeDivisible(stage.channels * widthFactor))
    const layers = STAGES.map(stage => Math.ceil(stage.depth * depthFactor))
    const blocks = layOut({
      ...{ layers, channels, outputStride },
      stem: { channels: stem, stride: 2 },
      strides: STAGES.map(stage => stage.stride),
    })
    const total = blocks.flat().length
    this.convStem = createConv(norm, inChans, stem, 3, { stride: 2 })
    this.bn1 = createNorm(norm, stem)
    this.blocks = new nn.Sequential(
      ...blocks.map(
        stage =>
          new nn.Sequential(
            ...stage.map(at => createBlock(at, norm, (dropPathRate * at.index) / total)),
          ),
      ),
    )
    const features = makeDivisible(1280 * widthFactor)
    this.convHead = createConv(norm, channels[6], features, 1)
    this.bn2 = createNorm(norm, features)
    this.drop = new nn.Dropout(dropRate)
    initPerGroup(this)
    this.classifier = new nn.Linear(features, numClasses)
    const reach = 1 / Math.sqrt(numClasses)
    nn.init.uniform_(this.classifier.weight, -reach, reach)
    if (this.classifier.bias) nn.init.zeros_(this.classifier.bias)
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.drop(this.forwardFeatures(x).mean([2, 3])))
  }

  /** The last convolution behind its norm and SiLU: (N, C, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    const y = this.blocks(silu(this.bn1(this.convStem(x))))
    return silu(this.bn2(this.convHead(y)))
  }
}

function createBlock(layout: BlockLayout, norm: NormName, dropPathRate: number): MobileBlock {
  const Block = STAGES[layout.stage].expansion === 1 ? DepthwiseSeparable : InvertedResidual
  return new Block(layout, norm, dropPathRate)
}

const silu = (x: Tensor): Tensor => nn.functional.silu(x)

/** x * sigmoid(expand(silu(reduce(mean)))) by the names of the MobileNets. */
class SqueezeExcite extends nn.Module {
  readonly convReduce: nn.Conv2d
  readonly convExpand: nn.Conv2d

  constructor(channels: number, hidden: number) {
    super()
    this.convReduce = new nn.Conv2d(channels, hidden, 1)
    this.convExpand = new nn.Conv2d(hidden, channels, 1)
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.convExpand(silu(this.convReduce(x.mean([2, 3], true)))).sigmoid())
  }
}

/** A branch of its own, to which the input is added where the shapes agree. */
abstract class MobileBlock extends ResidualBlock {
  abstract readonly dropPath: StochasticDepth
  readonly #shortcut: boolean

  constructor({ stage, block, stageEnd, inChannels, outChannels, stride }: BlockLayout) {
    super({ stage, block, stageEnd, predictedVariance: null })
    this.#shortcut = stride === 1 && inChannels === outChannels
  }

  protected abstract branch(x: Tensor): Tensor

  override forward(x: Tensor): Tensor {
    const y = this.residual(this.branch(x))
    return this.#shortcut ? this.dropPath(y).add(x) : y
  }

  override branchScale(): null {
    return null
  }
}

/** The block without expansion: depthwise convolution, squeeze-excite, 1 x 1 convolution. */
class DepthwiseSeparable extends MobileBlock {
  readonly convDw: nn.Conv2d
  readonly bn1: nn.Module
  readonly se: SqueezeExcite
  readonly convPw: nn.Conv2d
  readonly bn2: nn.Module
  readonly dropPath: StochasticDepth

  constructor(layout: BlockLayout, norm: NormName, dropPathRate: number) {
    super(layout)
    const { stage, inChannels, outChannels, stride, dilation } = layout
    const depthwise = { stride, dilation, groups: inChannels }
    this.convDw = createConv(norm, inChannels, inChannels, STAGES[stage].kernelSize, depthwise)
    this.bn1 = createNorm(norm, inChannels)
    this.se = new SqueezeExcite(inChannels, inChannels / 4)
    this.convPw = createConv(norm, inChannels, outChannels, 1)
    this.bn2 = createNorm(norm, outChannels)
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
  }

  protected override branch(x: Tensor): Tensor {
    return this.bn2(this.convPw(this.se(silu(this.bn1(this.convDw(x))))))
  }
}

/** Expansion, depthwise convolution, squeeze-excite, projection without activation. */
class InvertedResidual extends MobileBlock {
  readonly convPw: nn.Conv2d
  readonly bn1: nn.Module
  readonly convDw: nn.Conv2d
  readonly bn2: nn.Module
  readonly se: SqueezeExcite
  readonly convPwl: nn.Conv2d
  readonly bn3: nn.Module
  readonly dropPath: StochasticDepth

  constructor(layout: BlockLayout, norm: NormName, dropPathRate: number) {
    super(layout)
    const { stage, inChannels, outChannels, stride, dilation } = layout
    const { kernelSize, expansion } = STAGES[stage]
    const width = makeDivisible(inChannels * expansion)
    this.convPw = createConv(norm, inChannels, width, 1)
    this.bn1 = createNorm(norm, width)
    this.convDw = createConv(norm, width, width, kernelSize, { stride, dilation, groups: width })
    this.bn2 = createNorm(norm, width)
    this.se = new SqueezeExcite(width, inChannels / 4)
    this.convPwl = createConv(norm, width, outChannels, 1)
    this.bn3 = createNorm(norm, outChannels)
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
  }

  protected override branch(x: Tensor): Tensor {
    const y = silu(this.bn2(this.convDw(silu(this.bn1(this.convPw(x))))))
    return this.bn3(this.convPwl(this.se(y)))
  }
}
