// NF-ResNet, NF-RegNet and NFNet from one description (Brock et al., 2021, arXiv:2101.08692 and
// arXiv:2102.06171). Names of the state dict are timm's (timm/models/nfnet.py, NormFreeNet). What
// differs between timm's arithmetic and the authors' is a Convention.
// Deviation from both: expected deviations divide, where theirs are stored inverted and multiply.
import { ArgumentError, nn, type Tensor } from '@normfree/torch'
import type { ActivationName } from '../activations.ts'
import type { ScaledActivation } from '../layers/scaled-activation.ts'
import { planBlocks } from '../variance.ts'
import type { ModelOptions } from './entry.ts'
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
  readonly head: ClassifierHead
  readonly alpha: number

  constructor(config: NormFreeNetConfig, options: ModelOptions = {}) {
    super()
    const { numClasses = 1000, inChans = 3, dropRate = 0, alpha = config.alpha } = options
    const convention = CONVENTIONS[config.convention]
    const layers = new Layers(convention, config.activation, options.weightStandardization)
    const stem = createStem(layers, inChans, config.stem)
    const width = config.channels[config.channels.length - 1]
    const { numFeatures } = config
    this.alpha = alpha
    this.stem = stem.module
    this.stages = createStages(layers, { ...config, alpha }, stem.stride, options)
    this.finalConv = numFeatures === null ? new nn.Identity() : layers.conv(width, numFeatures, 1)
    this.finalAct = layers.activation()
    this.head = new ClassifierHead(numFeatures ?? width, numClasses, dropRate)
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

/** Mean over positions, dropout, and a classifier of N(0, 0.01^2) weights and zero bias. */
class ClassifierHead extends nn.Module {
  readonly drop: nn.Dropout
  readonly fc: nn.Linear

  constructor(features: number, numClasses: number, dropRate: number) {
    super()
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Linear(features, numClasses)
    nn.init.normal_(this.fc.weight, 0, 0.01)
    nn.init.zeros_(this.fc.bias!)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.drop(x.mean([2, 3])))
  }
}

/** How a stage moves over the image once the net may not divide it further. */
interface StageGrid {
  stride: number
  dilation: number
  firstDilation: number
}

/** Strides of the stages, turned into dilations where the net has reached `outputStride`. */
function stageGrids(stages: number, stemStride: number, outputStride: number): StageGrid[] {
  let [total, dilation] = [stemStride, 1]
  return Array.from({ length: stages }, (_, stage) => {
    let stride = stage === 0 && stemStride > 2 ? 1 : 2
    if (total >= outputStride && stride > 1) {
      dilation *= stride
      stride = 1
    }
    total *= stride
    return { stride, dilation, firstDilation: dilation <= 2 ? 1 : 2 }
  })
}

function createStages(
  layers: Layers,
  config: NormFreeNetConfig,
  stemStride: number,
  { dropPathRate = 0, outputStride = 32 }: ModelOptions,
): nn.Sequential {
  if (![8, 16, 32].includes(outputStride))
    throw new ArgumentError(
      `Expected 8, 16 or 32 for \`outputStride\` but received ${outputStride}.`,
    )
  const { depths, channels, stem } = config
  const grids = stageGrids(depths.length, stemStride, outputStride)
  const plans = planBlocks(depths, config.alpha)
  // timm's last block has the whole rate; the authors' rates stop one step short of it.
  const steps = layers.convention.scaleByKeep ? Math.max(1, plans.length - 1) : plans.length
  const blocks = plans.map((plan, i) => {
    const { stage, block } = plan
    const first = block === 0
    const { stride, dilation, firstDilation } = grids[stage]
    const before = stage === 0 ? stem.channels : channels[stage - 1]
    return new NormFreeBlock(layers, config, {
      plan,
      stageEnd: block === depths[stage] - 1,
      input: first ? before : channels[stage],
      out: channels[stage],
      stride: first ? stride : 1,
      dilation,
      firstDilation: first ? firstDilation : dilation,
      dropPathRate: (dropPathRate * i) / steps,
      first: i === 0,
    })
  })
  const ofStage = (stage: number) => blocks.filter(({ position }) => position.stage === stage)
  return new nn.Sequential(...depths.map((_, stage) => new nn.Sequential(...ofStage(stage))))
}
