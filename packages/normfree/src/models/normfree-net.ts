// NF-ResNet, NF-RegNet and NFNet from one description (Brock et al., 2021, arXiv:2101.08692 and
// arXiv:2102.06171). Names of the state dict are timm's (timm/models/nfnet.py, NormFreeNet). What
// differs between timm's arithmetic and the authors' is a Convention.
// Deviation from both: expected deviations divide, where theirs are stored inverted and multiply.
import { nn, type Tensor } from '@normfree/torch'
import type { ActivationName } from '../activations.ts'
import type { ScaledActivation } from '../layers/scaled-activation.ts'
import { planBlocks } from '../variance.ts'
import type { ModelOptions } from './entry.ts'
import { LinearHead } from './heads.ts'
import { type BlockLayout, dropPathRates, layOut } from './layout.ts'
import { type BlockStyle, NormFreeBlock } from './normfree-block.ts'
import { CONVENTIONS, type ConventionName, Layers } from './normfree-conventions.ts'
import { createStem, type Stem } from './normfree-stem.ts'

/** One variant: what the rows of a family hold. */
export interface NormFreeNetConfig extends BlockStyle {
  convention: ConventionName
  activation: ActivationName
  stem: Stem
  /** Blocks of each stage. */
  depths: readonly number[]
  /** Channels that each stage puts out. */
  channels: readonly number[]
  /** Channels of a last 1 x 1 convolution; null for none. */
  numFeatures: number | null
  /** Start the classifier at 0 and not at N(0, 0.01^2). */
  zeroInitFc: boolean
}

/**
 * Images (N, inChans, H, W) to logits (N, numClasses).
 *
 * @throws ArgumentError for an `outputStride` that is not 8, 16 or 32, a rate that is no
 * probability, or groups wider than a block.
 */
export class NormFreeNet extends nn.Module {
  readonly stem: nn.Sequential
  readonly stages: nn.Sequential
  readonly finalConv: nn.Module
  readonly finalAct: ScaledActivation
  readonly head: LinearHead
  readonly alpha: number

  constructor(config: NormFreeNetConfig, options: ModelOptions = {}) {
    super()
    const { numClasses = 1000, inChans = 3, dropRate = 0, alpha = config.alpha } = options
    const { activation = config.activation, weightStandardization } = options
    const layers = new Layers(CONVENTIONS[config.convention], activation, weightStandardization)
    const stem = createStem(layers, inChans, config.stem)
    const width = config.channels[config.channels.length - 1]
    const { numFeatures } = config
    this.alpha = alpha
    this.stem = stem.module
    this.stages = createStages(layers, { ...config, alpha }, stem.stride, options)
    this.finalConv = numFeatures === null ? new nn.Identity() : layers.conv(width, numFeatures, 1)
    this.finalAct = layers.activation()
    this.head = new LinearHead(numFeatures ?? width, numClasses, dropRate)
    if (config.zeroInitFc) nn.init.zeros_(this.head.fc.weight)
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.forwardFeatures(x))
  }

  /** The last activation, (N, numFeatures, H / 32, W / 32), before the mean over positions. */
  forwardFeatures(x: Tensor): Tensor {
    return this.finalAct(this.finalConv(this.stages(this.stem(x))))
  }
}

function createStages(
  layers: Layers,
  config: NormFreeNetConfig,
  stemStride: number,
  { dropPathRate = 0, outputStride }: ModelOptions,
): nn.Sequential {
  const blocks = layOut({
    ...{ layers: config.depths, channels: config.channels, outputStride },
    stem: { channels: config.stem.channels, stride: stemStride },
    strides: config.depths.map((_, stage) => (stage === 0 && stemStride > 2 ? 1 : 2)),
  })
  const plans = planBlocks(config.depths, config.alpha)
  // timm's last block has the whole rate; the authors' rates stop one step short of it.
  const rates = layers.convention.scaleByKeep
    ? dropPathRates(dropPathRate, plans.length)
    : plans.map((_, i) => (dropPathRate * i) / plans.length)
  const create = (layout: BlockLayout) => {
    const { index } = layout
    const place = { layout, plan: plans[index], dropPathRate: rates[index] }
    return new NormFreeBlock(layers, config, place)
  }
  return new nn.Sequential(...blocks.map(stage => new nn.Sequential(...stage.map(create))))
}
