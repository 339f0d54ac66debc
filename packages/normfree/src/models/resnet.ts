// ResNets with the norm behind every convolution and ReLU behind the sum (V1; He et al., 2015), and
// ResNeXts (Xie et al., 2017), at ImageNet size. Names and initialisation are those of timm's ResNet;
// a bottleneck has its stride on the 3 x 3 convolution, as all current code.
import { nn, type Tensor, zeros } from '@normfree/torch'
import { type ConvForm, createConv, createNorm, gainOf, type NormName } from '../layers/norm.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import {
  type BlockLayout,
  type BranchKind,
  type ClassifierOptions,
  dropPathRates,
  HE_FAN_OUT,
  initKernels,
  layOut,
} from './layout.ts'
import { ResidualBlock } from './residual-block.ts'

/** Options of {@link ResNet}. */
export interface ResNetOptions extends ClassifierOptions {
  block: BranchKind
  /** Blocks of each of the four stages. */
  layers: readonly number[]
  /** Groups of the 3 x 3 convolutions of bottlenecks. Default 1. */
  cardinality?: number
  /** Channels of a group in the first stage. Default 64. */
  baseWidth?: number
  /** Default 'batch'; with 'none' convolutions have biases. */
  norm?: NormName
  /** Start the last norm of each branch at 0, so that blocks start as the identity. Default true. */
  zeroInitLast?: boolean
  /** Multiply each branch by a scalar that starts at 0 (ReZero; Bachlechner et al., 2020). Default false. */
  rezero?: boolean
}

const STEM_CHANNELS = 64
const PLANES = [64, 128, 256, 512] as const

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default); H and W shrink 32 times. */
export class ResNet extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.Module
  readonly maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 })
  readonly layer1: nn.Sequential
  readonly layer2: nn.Sequential
  readonly layer3: nn.Sequential
  readonly layer4: nn.Sequential
  readonly drop: nn.Dropout
  readonly fc: nn.Linear

  constructor(options: ResNetOptions) {
    super()
    const { numClasses = 1000, inChans = 3, norm = 'batch', dropRate = 0 } = options
    const expansion = options.block === 'basic' ? 1 : 4
    this.conv1 = createConv(norm, inChans, STEM_CHANNELS, 7, { stride: 2 })
    this.bn1 = createNorm(norm, STEM_CHANNELS)
    const channels = PLANES.map(planes => planes * expansion)
    const blocks = layOut({ ...options, channels, stem: { channels: STEM_CHANNELS, stride: 4 } })
    const rates = dropPathRates(options.dropPathRate ?? 0, blocks.flat().length)
    const stages = blocks.map(
      stage =>
        new nn.Sequential(...stage.map(each => new PostActBlock(each, options, rates[each.index]))),
    )
    ;[this.layer1, this.layer2, this.layer3, this.layer4] = stages as Stages
    this.drop = new nn.Dropout(dropRate)
    initKernels(this, HE_FAN_OUT)
    this.fc = new nn.Linear(channels[3], numClasses)
  }

  override forward(x: Tensor): Tensor {
    return this.forwardHead(this.forwardFeatures(x))
  }

  /** The output of the last stage, behind its ReLU: (N, C, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool(this.bn1(this.conv1(x)).relu())
    return this.layer4(this.layer3(this.layer2(this.layer1(stem))))
  }

  /** Features to logits. */
  forwardHead(features: Tensor): Tensor {
    return this.fc(this.drop(features.mean([2, 3])))
  }
}

type Stages = [nn.Sequential, nn.Sequential, nn.Sequential, nn.Sequential]

/** relu(shortcut + branch), norms behind the convolutions of both. */
class PostActBlock extends ResidualBlock {
  readonly rezeroGain: nn.Parameter | null
  readonly conv1: nn.Conv2d
  readonly bn1: nn.Module
  readonly conv2: nn.Conv2d
  readonly bn2: nn.Module
  readonly conv3: nn.Conv2d | null
  readonly bn3: nn.Module | null
  readonly downsample: nn.Sequential | null
  readonly dropPath: StochasticDepth
  readonly #silencer: nn.Parameter | null

  constructor(layout: BlockLayout, options: ResNetOptions, dropPathRate: number) {
    const { stage, block, stageEnd, inChannels, outChannels, stride } = layout
    const { firstDilation, dilation } = layout
    super({ stage, block, stageEnd, predictedVariance: null })
    const { norm = 'batch', cardinality = 1, baseWidth = 64, zeroInitLast = true } = options
    const basic = options.block === 'basic'
    const width = basic
      ? outChannels
      : Math.floor((PLANES[stage] * baseWidth) / STEM_CHANNELS) * cardinality
    const conv = (input: number, out: number, kernel: number, form: ConvForm = {}) =>
      createConv(norm, input, out, kernel, form)
    const strided = { stride, dilation: firstDilation }
    this.rezeroGain = options.rezero ? new nn.Parameter(zeros([])) : null
    this.conv1 = basic ? conv(inChannels, width, 3, strided) : conv(inChannels, width, 1)
    this.bn1 = createNorm(norm, width)
    this.conv2 = conv(width, width, 3, basic ? { dilation } : { ...strided, groups: cardinality })
    this.bn2 = createNorm(norm, width)
    this.conv3 = basic ? null : conv(width, outChannels, 1)
    this.bn3 = basic ? null : createNorm(norm, outChannels)
    this.downsample =
      stride > 1 || inChannels !== outChannels
        ? new nn.Sequential(
            conv(inChannels, outChannels, 1, { stride }),
            createNorm(norm, outChannels),
          )
        : null
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
    const zeroed = zeroInitLast && !options.rezero ? gainOf(this.bn3 ?? this.bn2) : null
    if (zeroed) nn.init.zeros_(zeroed)
    this.#silencer = this.rezeroGain ?? zeroed
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(this.bn1(this.conv1(x)).relu()))
    const branch = this.dropPath(this.residual(this.#expanded(y)))
    const scaled = this.rezeroGain ? branch.mul(this.rezeroGain) : branch
    return scaled.add(this.downsample ? this.downsample(x) : x).relu()
  }

  #expanded(y: Tensor): Tensor {
    return this.conv3 && this.bn3 ? this.bn3(this.conv3(y.relu())) : y
  }

  override branchScale(): Tensor | null {
    return this.#silencer
  }
}
