// Pre-activation ResNets (V2; He et al., 2016), with norms and, in many forms, without: SkipInit (De
// and Smith, 2020), linear nets and the constant-variance SELU net of the NF-ResNets paper (figures 6
// and 7, appendix G.2) are all rows of this one description. Names are those of timm's ResNetV2; layout
// and the place of the strides are the same in deepmind-research nfnets.
//
//   u = act(norm(x)) or norm(act(x))
//   y = shortcutScale * (conv(u) where a stage starts, else x) + branchScale * s * f(u)
import { nn, type Tensor, zeros } from '@normfree/torch'
import { ACTIVATIONS, type ActivationName } from '../activations.ts'
import { createConv, createNorm, type NormName } from '../layers/norm.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { ConvHead } from './heads.ts'
import {
  type BlockLayout,
  type BranchKind,
  type ClassifierOptions,
  dropPathRates,
  HE_FAN_OUT,
  initKernels,
  type KernelInit,
  layOut,
} from './layout.ts'
import { type BlockMultipliers, ResidualBlock } from './residual-block.ts'

/** The first convolution, and whether a 3 x 3 max pool of stride 2 follows. */
export interface ResNetV2Stem {
  channels: number
  kernelSize: number
  stride: number
  pool: boolean
}

/** Options of {@link ResNetV2}. */
export interface ResNetV2Options extends ClassifierOptions {
  block: BranchKind
  /** Blocks of each stage. */
  layers: readonly number[]
  /** Outputs of each stage. Default 256, 512, 1024, 2048, and a quarter of it with basic blocks. */
  channels?: readonly number[]
  /** Default: 64 channels, 7 x 7, stride 2, pool. */
  stem?: ResNetV2Stem
  /** Default 'batch'; with 'none' convolutions have biases, but for the stem's. */
  norm?: NormName
  /** Whether the norm stands in front of the activation or behind it. Default 'norm_act'. */
  order?: 'norm_act' | 'act_norm'
  /** Without a gain. Default 'relu'. */
  activation?: ActivationName
  /** Default He et al., fan out. */
  init?: KernelInit
  /** Start the last convolution of each branch at 0. Default false. */
  zeroInitLast?: boolean
  /** Multiply each branch by a scalar that starts at 0. Default false. */
  skipinit?: boolean
  /** Weight of the shortcut in the sum. Default 1. */
  shortcutScale?: number
  /** Weight of the branch in the sum. Default 1. */
  branchScale?: number
  /**
   * At initialisation f(u), and the convolution where a stage starts, have variance 1, so that the
   * variance of every block is predicted. Default false: nothing is predicted.
   */
  unitBranch?: boolean
}

const IMAGENET_STEM: ResNetV2Stem = { channels: 64, kernelSize: 7, stride: 2, pool: true }
const CHANNELS = {
  basic: [64, 128, 256, 512],
  bottleneck: [256, 512, 1024, 2048],
} as const

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default). */
export class ResNetV2 extends nn.Module {
  readonly stem: nn.Sequential
  readonly stages: nn.Sequential
  readonly norm: nn.Module
  readonly head: ConvHead
  readonly act: nn.Module
  readonly #actFirst: boolean

  constructor(options: ResNetV2Options) {
    super()
    const { numClasses = 1000, inChans = 3, stem = IMAGENET_STEM, norm = 'batch' } = options
    const channels = options.channels ?? CHANNELS[options.block]
    const reduction = stem.stride * (stem.pool ? 2 : 1)
    const blocks = layOut({
      ...options,
      channels,
      stem: { channels: stem.channels, stride: reduction },
    })
    const rates = dropPathRates(options.dropPathRate ?? 0, blocks.flat().length)
    const variances = predictedVariances(options)
    this.stem = createStem(stem, inChans, norm)
    this.stages = new nn.Sequential(
      ...blocks.map(
        stage =>
          new Stage(
            stage.map(at => new PreActBlock(at, options, rates[at.index], variances[at.index])),
          ),
      ),
    )
    this.act = ACTIVATIONS[options.activation ?? 'relu'].module()
    this.#actFirst = options.order === 'act_norm'
    initKernels(this, options.init ?? HE_FAN_OUT)
    if (options.zeroInitLast) this.#silenceBranches()
    const features = channels[channels.length - 1]
    this.norm = createNorm(norm, features)
    this.head = new ConvHead(features, numClasses, options.dropRate ?? 0)
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.forwardFeatures(x))
  }

  /** The last stage behind the last norm and activation: (N, C, H / 32, W / 32) at ImageNet size. */
  forwardFeatures(x: Tensor): Tensor {
    const y = this.stages(this.stem(x))
    return this.#actFirst ? this.norm(this.act(y)) : this.act(this.norm(y))
  }

  #silenceBranches(): void {
    for (const module of this.modules())
      if (module instanceof PreActBlock) nn.init.zeros_(module.lastConv.weight)
  }
}

function createStem(stem: ResNetV2Stem, inChans: number, norm: NormName): nn.Sequential {
  const { channels, kernelSize, stride } = stem
  const conv = createConv(norm, inChans, channels, kernelSize, { stride, bias: false })
  const sequence = new nn.Sequential().addModule('conv', conv)
  return stem.pool
    ? sequence.addModule('pool', new nn.MaxPool2d(3, { stride: 2, padding: 1 }))
    : sequence
}

/** y = a x + b f with independent f of variance 1, and x of variance 1 where a stage starts. */
function predictedVariances(options: ResNetV2Options): (number | null)[] {
  const { layers, shortcutScale = 1, branchScale = 1, unitBranch = false } = options
  let variance = 1
  return layers.flatMap(depth =>
    Array.from({ length: depth }, (_, block) => {
      const shortcut = block === 0 ? 1 : variance
      variance = shortcutScale ** 2 * shortcut + branchScale ** 2
      return unitBranch ? variance : null
    }),
  )
}

/** Blocks one after another, one name deeper: `stages.0.blocks.0`. */
class Stage extends nn.Module {
  readonly blocks: nn.Sequential

  constructor(blocks: nn.Module[]) {
    super()
    this.blocks = new nn.Sequential(...blocks)
  }

  override forward(x: Tensor): Tensor {
    return this.blocks(x)
  }
}

/** The convolution of a shortcut, one name deeper: `downsample.conv`. */
class Projection extends nn.Module {
  readonly conv: nn.Conv2d

  constructor(conv: nn.Conv2d) {
    super()
    this.conv = conv
  }

  override forward(x: Tensor): Tensor {
    return this.conv(x)
  }
}

class PreActBlock extends ResidualBlock {
  readonly skipinitGain: nn.Parameter | null
  readonly downsample: Projection | null
  readonly norm1: nn.Module
  readonly conv1: nn.Conv2d
  readonly norm2: nn.Module
  readonly conv2: nn.Conv2d
  readonly norm3: nn.Module | null
  readonly conv3: nn.Conv2d | null
  readonly act: nn.Module
  readonly dropPath: StochasticDepth
  readonly #actFirst: boolean
  readonly #shortcutScale: number
  readonly #branchScale: number

  constructor(
    layout: BlockLayout,
    options: ResNetV2Options,
    dropPathRate: number,
    predictedVariance: number | null,
  ) {
    const { stage, block, stageEnd, inChannels, outChannels, stride, dilation } = layout
    const strided = { stride, dilation: layout.firstDilation }
    super({ stage, block, stageEnd, predictedVariance })
    const { norm = 'batch' } = options
    const basic = options.block === 'basic'
    const width = basic ? outChannels : outChannels / 4
    const changes = stride > 1 || inChannels !== outChannels
    const projects = basic ? changes : block === 0
    this.skipinitGain = options.skipinit ? new nn.Parameter(zeros([])) : null
    this.downsample = projects
      ? new Projection(createConv(norm, inChannels, outChannels, 1, { stride }))
      : null
    this.norm1 = createNorm(norm, inChannels)
    this.conv1 = createConv(norm, inChannels, width, basic ? 3 : 1, basic ? strided : {})
    this.norm2 = createNorm(norm, width)
    this.conv2 = createConv(norm, width, width, 3, basic ? { dilation } : strided)
    this.norm3 = basic ? null : createNorm(norm, width)
    this.conv3 = basic ? null : createConv(norm, width, outChannels, 1)
    this.act = ACTIVATIONS[options.activation ?? 'relu'].module()
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
    this.#actFirst = options.order === 'act_norm'
    this.#shortcutScale = options.shortcutScale ?? 1
    this.#branchScale = options.branchScale ?? 1
  }

  get lastConv(): nn.Conv2d {
    return this.conv3 ?? this.conv2
  }

  override forward(x: Tensor): Tensor {
    const u = this.activated(x)
    const shortcut = this.downsample ? this.downsample(u) : x
    let branch = this.conv2(this.#activated(this.norm2, this.conv1(u)))
    if (this.conv3 && this.norm3) branch = this.conv3(this.#activated(this.norm3, branch))
    branch = this.dropPath(this.residual(branch))
    if (this.skipinitGain) branch = branch.mul(this.skipinitGain)
    const scaled = this.#shortcutScale === 1 ? shortcut : shortcut.mul(this.#shortcutScale)
    return scaled.add(branch, { alpha: this.#branchScale })
  }

  #activated(norm: nn.Module, x: Tensor): Tensor {
    return this.#actFirst ? norm(this.act(x)) : this.act(norm(x))
  }

  override multipliers(): BlockMultipliers {
    const [identity, residual] = [this.#shortcutScale, this.#branchScale]
    return { ...super.multipliers(), identity, residual }
  }

  override branchScale(): Tensor | null {
    return this.skipinitGain
  }

  override activated(x: Tensor): Tensor {
    return this.#activated(this.norm1, x)
  }
}
