// Fixup ResNets (Zhang, Dauphin and Ma, 2019): no norms; branches start at 0 and are scaled down with
// depth; scalar biases around every convolution, and one scale a branch. Names and arithmetic are those
// of the authors' code (hongyi-zhang/Fixup). deepmind-research nfnets differs in one place: it adds bias1a
// to the shortcut of every block, here only that of a projection has it.
import { cat, nn, ones, type Tensor, zerosLike } from '@normfree/torch'
import { type ConvForm, createConv } from '../layers/norm.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import {
  type BlockLayout,
  type BranchKind,
  type ClassifierOptions,
  dropPathRates,
  layOut,
} from './layout.ts'
import { type BlockMultipliers, ResidualBlock } from './residual-block.ts'

/** Options of {@link FixupResNet}. */
export interface FixupResNetOptions extends ClassifierOptions {
  block: BranchKind
  /** Blocks of each stage: four at ImageNet size, three at CIFAR size. */
  layers: readonly number[]
  /**
   * 'imagenet': 64 to 512 channels behind 7 x 7, stride 2 and a max pool, projections as shortcuts.
   * 'cifar': 16 to 64 channels behind 3 x 3, shortcuts that subsample and pad with zero channels.
   */
  size: 'imagenet' | 'cifar'
  /** Dropout of whole channels behind every convolution of the last two ImageNet stages. Default 0. */
  dropConv?: number
}

const SIZES = {
  imagenet: { planes: [64, 128, 256, 512], numClasses: 1000 },
  cifar: { planes: [16, 32, 64], numClasses: 10 },
} as const

/** Images (N, inChans, H, W) to logits (N, numClasses). */
export class FixupResNet extends nn.Module {
  readonly bias1 = scalar(0)
  readonly bias2 = scalar(0)
  readonly conv1: nn.Conv2d
  readonly maxpool: nn.Module
  readonly layer1: nn.Sequential
  readonly layer2: nn.Sequential
  readonly layer3: nn.Sequential
  readonly layer4: nn.Sequential | null
  readonly drop: nn.Dropout
  readonly fc: nn.Linear

  constructor(options: FixupResNetOptions) {
    super()
    const { planes, ...defaults } = SIZES[options.size]
    const { numClasses = defaults.numClasses, inChans = 3, dropRate = 0 } = options
    const large = options.size === 'imagenet'
    this.conv1 = large
      ? new nn.Conv2d(inChans, planes[0], 7, { stride: 2, padding: 3, bias: false })
      : new nn.Conv2d(inChans, planes[0], 3, { padding: 1, bias: false })
    this.maxpool = large ? new nn.MaxPool2d(3, { stride: 2, padding: 1 }) : new nn.Identity()
    const channels = planes.map(each => (options.block === 'basic' ? each : 4 * each))
    const stem = { channels: planes[0], stride: large ? 4 : 1 }
    const blocks = layOut({ ...options, channels, stem })
    const rates = dropPathRates(options.dropPathRate ?? 0, blocks.flat().length)
    const stages = blocks.map(
      stage => new nn.Sequential(...stage.map(at => createBlock(at, options, rates[at.index]))),
    )
    ;[this.layer1, this.layer2, this.layer3] = stages as [
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
    ]
    this.layer4 = stages[3] ?? null
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Linear(channels[channels.length - 1], numClasses)
    nn.init.zeros_(this.fc.weight)
    if (this.fc.bias) nn.init.zeros_(this.fc.bias)
  }

  override forward(x: Tensor): Tensor {
    return this.forwardHead(this.forwardFeatures(x))
  }

  /** The output of the last stage, behind its ReLU. */
  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool(this.conv1(x).add(this.bias1).relu())
    const y = this.layer3(this.layer2(this.layer1(stem)))
    return this.layer4 ? this.layer4(y) : y
  }

  /** Features to logits. */
  forwardHead(features: Tensor): Tensor {
    return this.fc(this.drop(features.mean([2, 3])).add(this.bias2))
  }
}

const scalar = (value: number): nn.Parameter => new nn.Parameter(ones([1]).mul(value))

/** Without a bias and with weights that the block draws itself. */
const plainConv = (input: number, out: number, kernelSize: number, form: ConvForm = {}) =>
  createConv('none', input, out, kernelSize, { ...form, bias: false })

/** N(0, 2 / fan-out) times `scale`. */
function initFanOut(conv: nn.Conv2d, scale: number): void {
  const [, fanOut] = nn.init.calculateFanInAndFanOut(conv.weight)
  nn.init.normal_(conv.weight, 0, scale * Math.sqrt(2 / fanOut))
}

/** What a block is given beside its place. */
interface BlockParts {
  shortcut: nn.Module | null
  /** Blocks of the net. */
  depth: number
  dropConv: number
  dropPathRate: number
}

function createBlock(
  layout: BlockLayout,
  options: FixupResNetOptions,
  dropPathRate: number,
): ResidualBlock {
  const { inChannels, outChannels, stride, stage } = layout
  const depth = options.layers.reduce((sum, blocks) => sum + blocks, 0)
  const changes = stride > 1 || inChannels !== outChannels
  const shortcut = !changes
    ? null
    : options.size === 'cifar'
      ? new ZeroPadded(stride)
      : plainConv(inChannels, outChannels, 1, { stride })
  if (shortcut instanceof nn.Conv2d) initFanOut(shortcut, 1)
  const dropConv = options.size === 'imagenet' && stage >= 2 ? (options.dropConv ?? 0) : 0
  const Block = options.block === 'basic' ? FixupBasicBlock : FixupBottleneck
  return new Block(layout, { shortcut, depth, dropConv, dropPathRate })
}

/** Every `stride`-th position, and as many channels of zeros again. */
class ZeroPadded extends nn.Module {
  readonly pool: nn.AvgPool2d

  constructor(stride: number) {
    super()
    this.pool = new nn.AvgPool2d(1, { stride })
  }

  override forward(x: Tensor): Tensor {
    const subsampled = this.pool(x)
    return cat([subsampled, zerosLike(subsampled)], 1)
  }
}

abstract class FixupBlock extends ResidualBlock {
  abstract readonly scale: nn.Parameter
  abstract readonly conv1: nn.Conv2d
  abstract readonly conv2: nn.Conv2d
  abstract readonly conv3: nn.Conv2d | null
  readonly drop: nn.Dropout2d
  readonly dropPath: StochasticDepth

  constructor({ stage, block, stageEnd }: BlockLayout, { dropConv, dropPathRate }: BlockParts) {
    super({ stage, block, stageEnd, predictedVariance: null })
    this.drop = new nn.Dropout2d(dropConv)
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
  }

  /** Nothing opens a branch whose last kernel is 0. */
  override branchScale(): null {
    return null
  }

  override multipliers(): BlockMultipliers {
    const { conv1, conv2, conv3 } = this
    const kernels = conv3 ? [conv1, conv2, conv3] : [conv1, conv2]
    return { identity: 1, residual: 1, learned: this.scale, kernels }
  }
}

/** Two 3 x 3 convolutions, the first drawn with depth^(-1/2), the second 0. */
class FixupBasicBlock extends FixupBlock {
  readonly bias1a = scalar(0)
  readonly bias1b = scalar(0)
  readonly bias2a = scalar(0)
  readonly scale = scalar(1)
  readonly bias2b = scalar(0)
  readonly conv1: nn.Conv2d
  readonly conv2: nn.Conv2d
  readonly conv3 = null
  readonly downsample: nn.Module | null

  constructor(layout: BlockLayout, parts: BlockParts) {
    super(layout, parts)
    const { inChannels, outChannels, stride, firstDilation, dilation } = layout
    const strided = { stride, dilation: firstDilation }
    this.conv1 = plainConv(inChannels, outChannels, 3, strided)
    this.conv2 = plainConv(outChannels, outChannels, 3, { dilation })
    this.downsample = parts.shortcut
    initFanOut(this.conv1, parts.depth ** -0.5)
    nn.init.zeros_(this.conv2.weight)
  }

  override forward(x: Tensor): Tensor {
    const input = x.add(this.bias1a)
    const hidden = this.drop(this.conv1(input)).add(this.bias1b).relu()
    const branch = this.drop(this.conv2(hidden.add(this.bias2a)))
    const y = this.residual(branch.mul(this.scale).add(this.bias2b))
    return this.dropPath(y)
      .add(this.downsample ? this.downsample(input) : x)
      .relu()
  }
}

/** 1 x 1, 3 x 3 and 1 x 1, the first two drawn with depth^(-1/4), the last 0. */
class FixupBottleneck extends FixupBlock {
  readonly bias1a = scalar(0)
  readonly bias1b = scalar(0)
  readonly bias2a = scalar(0)
  readonly bias2b = scalar(0)
  readonly bias3a = scalar(0)
  readonly scale = scalar(1)
  readonly bias3b = scalar(0)
  readonly conv1: nn.Conv2d
  readonly conv2: nn.Conv2d
  readonly conv3: nn.Conv2d
  readonly downsample: nn.Module | null

  constructor(layout: BlockLayout, parts: BlockParts) {
    super(layout, parts)
    const { inChannels, outChannels, stride, firstDilation } = layout
    const strided = { stride, dilation: firstDilation }
    const width = outChannels / 4
    this.conv1 = plainConv(inChannels, width, 1)
    this.conv2 = plainConv(width, width, 3, strided)
    this.conv3 = plainConv(width, outChannels, 1)
    this.downsample = parts.shortcut
    initFanOut(this.conv1, parts.depth ** -0.25)
    initFanOut(this.conv2, parts.depth ** -0.25)
    nn.init.zeros_(this.conv3.weight)
  }

  override forward(x: Tensor): Tensor {
    const input = x.add(this.bias1a)
    let y = this.drop(this.conv1(input)).add(this.bias1b).relu()
    y = this.drop(this.conv2(y.add(this.bias2a)))
      .add(this.bias2b)
      .relu()
    const branch = this.drop(this.conv3(y.add(this.bias3a)))
    const residual = this.residual(branch.mul(this.scale).add(this.bias3b))
    return this.dropPath(residual)
      .add(this.downsample ? this.downsample(input) : x)
      .relu()
  }
}
