// RescaleNets (Shao et al., "Is normalization indispensable for training deep neural networks?",
// NeurIPS 2020): no norms; the weights of shortcut and branch have squares that sum to 1, and every
// block contributes the same share to the end. Names, order and arithmetic are those of
// hukkai/rescaling. With L blocks, the j-th (from 1) computes
//
//   relu(sqrt((j - 1 + c) / (j + c)) * shortcut + scale / sqrt(L) * F(x))
//
// where scale is learned from 1 and the three kernels of F start at the He deviation times
// ((j + c) / L)^(-1/6) each, so that the branch starts at weight 1 / sqrt(j + c). The released code
// has c = L - 1.
import { ArgumentError, nn, ones, type Tensor } from '@normfree/torch'
import { AddBias } from '../layers/add-bias.ts'
import { createConv } from '../layers/norm.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import type { RescaleVariation } from './entry.ts'
import { type BlockLayout, type ClassifierOptions, dropPathRates, layOut } from './layout.ts'
import { type BlockMultipliers, ResidualBlock } from './residual-block.ts'

/** Options of {@link RescaleNet}. */
export interface RescaleNetOptions extends ClassifierOptions, RescaleVariation {
  /** Blocks of each of the four stages. */
  layers: readonly number[]
  /** Of the 3 x 3 convolutions. Default 1. */
  groups?: number
  /** Channels of a group in the first stage. Default 64. */
  baseWidth?: number
}

const STEM_CHANNELS = 64
const PLANES = [64, 128, 256, 512] as const
const EXPANSION = 4
const CHANNELS = PLANES.map(planes => planes * EXPANSION)
const FEATURES = CHANNELS[3]

/**
 * Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default).
 *
 * @throws ArgumentError when `c` is negative.
 */
export class RescaleNet extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly addbias1: AddBias
  readonly maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 })
  readonly layer1: nn.Sequential
  readonly layer2: nn.Sequential
  readonly layer3: nn.Sequential
  readonly layer4: nn.Sequential
  readonly addbias2: AddBias
  readonly drop: nn.Dropout
  readonly fc: nn.Linear

  constructor(options: RescaleNetOptions) {
    super()
    const { numClasses = 1000, inChans = 3, dropRate = 0, biasBatches = 8 } = options
    this.conv1 = new nn.Conv2d(inChans, STEM_CHANNELS, 7, { stride: 2, padding: 3, bias: false })
    nn.init.kaimingNormal_(this.conv1.weight)
    this.addbias1 = new AddBias(STEM_CHANNELS, { batches: biasBatches })
    const stem = { channels: STEM_CHANNELS, stride: 4 }
    const blocks = layOut({ ...options, channels: CHANNELS, stem })
    const rates = dropPathRates(options.dropPathRate ?? 0, blocks.flat().length)
    const stages = blocks.map(
      stage =>
        new nn.Sequential(...stage.map(at => new RescaleBlock(at, options, rates[at.index]))),
    )
    ;[this.layer1, this.layer2, this.layer3, this.layer4] = stages as [
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
    ]
    this.addbias2 = new AddBias(FEATURES, { batches: biasBatches })
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Linear(FEATURES, numClasses)
    nn.init.kaimingNormal_(this.fc.weight, { nonlinearity: 'linear' })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardHead(this.forwardFeatures(x))
  }

  /** The output of the last stage, behind its ReLU: (N, 2048, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool(this.addbias1(this.conv1(x)).relu())
    return this.layer4(this.layer3(this.layer2(this.layer1(stem))))
  }

  /** Features to logits. */
  forwardHead(features: Tensor): Tensor {
    return this.fc(this.drop(this.addbias2(features).mean([2, 3])))
  }
}

/** The fixed weights of one block, by the family's constant. */
export interface RescaleWeights {
  /** Of the shortcut: sqrt((j - 1 + c) / (j + c)). */
  identity: number
  /** Of the branch at initialisation: 1 / sqrt(j + c). */
  residual: number
}

/**
 * The weights of the blocks j = 1 ... `blocks`; their squares sum to 1 in every block.
 *
 * @param c default `blocks` - 1, as released
 * @throws ArgumentError when `c` is negative.
 */
export function rescaleWeights(blocks: number, c = blocks - 1): RescaleWeights[] {
  if (!(c >= 0)) throw new ArgumentError(`Expected a number >= 0 for \`c\` but received ${c}.`)
  return Array.from({ length: blocks }, (_, i) => ({
    identity: Math.sqrt((i + c) / (i + 1 + c)),
    residual: 1 / Math.sqrt(i + 1 + c),
  }))
}

class RescaleBlock extends ResidualBlock {
  readonly _scale: nn.Parameter
  readonly _identityScale: nn.Parameter | null
  readonly conv1: nn.Conv2d
  readonly conv2: nn.Conv2d
  readonly conv3: nn.Conv2d
  readonly addbias1: AddBias
  readonly addbias2: AddBias
  readonly addbias3: AddBias
  readonly downsample: nn.Sequential | null
  readonly drop: nn.Dropout2d
  readonly dropPath: StochasticDepth
  readonly identity: number
  /** L^(-1/2), by which the branch is multiplied besides its learned scale. */
  readonly constant: number

  constructor(layout: BlockLayout, options: RescaleNetOptions, dropPathRate: number) {
    const { stage, block, stageEnd, index, inChannels, outChannels, stride } = layout
    super({ stage, block, stageEnd, predictedVariance: null })
    const { groups = 1, baseWidth = 64, biasBatches = 8, multiplier, identityScale } = options
    const blocks = options.layers.reduce((sum, each) => sum + each, 0)
    const width = Math.floor((PLANES[stage] * baseWidth) / STEM_CHANNELS) * groups
    this._scale = new nn.Parameter(ones(multiplier === 'vector' ? [1, outChannels, 1, 1] : [1]))
    this._identityScale = identityScale ? new nn.Parameter(ones([1])) : null
    const dilation = layout.firstDilation
    this.conv1 = createConv('none', inChannels, width, 1, { bias: false })
    this.conv2 = createConv('none', width, width, 3, { stride, dilation, groups, bias: false })
    this.conv3 = createConv('none', width, outChannels, 1, { bias: false })
    this.addbias1 = new AddBias(inChannels, { batches: biasBatches })
    this.addbias2 = new AddBias(width, { batches: biasBatches })
    this.addbias3 = new AddBias(width, { batches: biasBatches })
    const changes = stride > 1 || inChannels !== outChannels
    this.downsample = changes ? shortcut(layout, biasBatches) : null
    const dropConv = stage >= 2 ? (options.dropConv ?? 0) : 0
    this.drop = new nn.Dropout2d(dropConv)
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
    const { identity, residual } = rescaleWeights(blocks, options.c)[index]
    this.identity = identity
    this.constant = 1 / Math.sqrt(blocks)
    const share = options.depthInit === false ? 1 : Math.cbrt(residual / this.constant)
    this.#initKernels(share * Math.sqrt(1 - dropConv))
  }

  #initKernels(scale: number): void {
    for (const { weight } of [this.conv1, this.conv2, this.conv3]) {
      const [fanIn] = nn.init.calculateFanInAndFanOut(weight)
      nn.init.normal_(weight, 0, scale * Math.sqrt(2 / fanIn))
    }
  }

  override forward(x: Tensor): Tensor {
    let y = this.drop(this.conv1(this.addbias1(x))).relu()
    y = this.drop(this.conv2(this.addbias2(y))).relu()
    y = this.dropPath(this.residual(this.drop(this.conv3(this.addbias3(y)))))
    const shortcut = this.downsample ? this.downsample(x) : x
    const kept = this._identityScale ? shortcut.mul(this._identityScale) : shortcut
    return y.mul(this._scale.mul(this.constant)).add(kept, { alpha: this.identity }).relu()
  }

  /** The scale starts at 1: branches are open. */
  override branchScale(): null {
    return null
  }

  override multipliers(): BlockMultipliers {
    return {
      identity: this.identity * (this._identityScale?.item() ?? 1),
      residual: this.constant,
      learned: this._scale,
      kernels: [this.conv1, this.conv2, this.conv3],
    }
  }
}

/**
 * Average pool where there is a stride, bias, and a 1 x 1 convolution that keeps the variance. The pool
 * takes odd sides too, which the authors' cannot.
 */
function shortcut({ inChannels, outChannels, stride }: BlockLayout, biasBatches: number) {
  const conv = new nn.Conv2d(inChannels, outChannels, 1, { bias: false })
  nn.init.kaimingNormal_(conv.weight, { nonlinearity: 'linear' })
  return new nn.Sequential(
    stride > 1 ? new nn.AvgPool2d(stride, { ceilMode: true }) : new nn.Identity(),
    new AddBias(inChannels, { batches: biasBatches }),
    conv,
  )
}
