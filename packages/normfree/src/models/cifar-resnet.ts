// ResNets of depth 6n + 2 for 32 x 32 images (He et al., 2015, section 4.2): three stages of n basic
// blocks, 16, 32 and 64 channels, in these forms.
// - a norm (`batch`, `group`, ...): it stands after every convolution, ReLU after the sum, parameter-free shortcuts that
//   subsample and pad with zero channels. Names, shortcuts and initialisation are those of the Fixup
//   authors' code (hongyi-zhang/Fixup, cifar), but for the last norm of each branch, which starts at
//   1 as He et al. have it and not at 0: at this depth a start at 0 only slows a short run.
// - `none`: the same without norms; convolutions have biases.
// - `nf`: normalizer-free pre-activation blocks (NF-ResNets, section 4.4): Scaled WS in the deepmind
//   convention, gamma and beta in the activations, SkipInit. The papers build none for CIFAR; stage
//   transitions follow their ImageNet nets: a strided 1 x 1 convolution of the normalized input.
import { cat, nn, type Tensor, zeros, zerosLike } from '@normfree/torch'
import type { ActivationName } from '../activations.ts'
import { createConv, createNorm, type NormName } from '../layers/norm.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d, type WeightStandardization } from '../layers/scaled-std-conv.ts'
import { StochasticDepth } from '../layers/stochastic-depth.ts'
import { type BlockPlan, planBlocks } from '../variance.ts'
import { initClassifier } from './heads.ts'
import {
  type BlockLayout,
  type ClassifierOptions,
  cifarDepth,
  dropPathRates,
  HE_FAN_OUT,
  initKernels,
  layOut,
} from './layout.ts'
import { type BlockMultipliers, ResidualBlock } from './residual-block.ts'

/** What keeps the signal in bounds: a norm behind every convolution, `none` of it, or normalizer-free. */
export type CifarResNetForm = NormName | 'nf'

/** Depth and form of a {@link CifarResNet}, and what its classifier and blocks take. */
export interface CifarResNetOptions extends Omit<ClassifierOptions, 'outputStride'> {
  /** 6n + 2, n blocks a stage: 20, 32, 44, 56, 110, ... */
  depth: number
  form: CifarResNetForm
  /** Multiply each branch by a scalar that starts at 0 (ReZero); not for `nf`. Default false. */
  rezero?: boolean
  /** `nf` only: growth of the variance. Default 0.2. */
  alpha?: number
  /** `nf` only. Default 'relu'. */
  activation?: ActivationName
  /** `nf` only. Default 'forward'. */
  weightStandardization?: WeightStandardization
}

const WIDTHS = [16, 32, 64] as const
const ALPHA = 0.2

/**
 * Images (N, 3, 32, 32) to logits (N, numClasses, 10 by default).
 *
 * @throws ArgumentError when `depth` is not 6n + 2.
 */
export class CifarResNet extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.Module
  readonly layer1: nn.Sequential
  readonly layer2: nn.Sequential
  readonly layer3: nn.Sequential
  readonly act: nn.Module
  readonly drop: nn.Dropout
  readonly fc: nn.Linear
  readonly form: CifarResNetForm
  readonly alpha: number | null

  constructor(options: CifarResNetOptions) {
    super()
    const { depth, form, numClasses = 10, inChans = 3, dropRate = 0 } = options
    const nf = form === 'nf'
    this.form = form
    this.alpha = nf ? (options.alpha ?? ALPHA) : null
    this.conv1 = nf
      ? standardizedConv(options, inChans, WIDTHS[0], 3)
      : createConv(form, inChans, WIDTHS[0], 3)
    this.bn1 = nf ? new nn.Identity() : createNorm(form, WIDTHS[0])
    const stages = cifarStages(cifarDepth(depth).layers, options)
    ;[this.layer1, this.layer2, this.layer3] = stages as [
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
    ]
    if (!nf) initKernels(this, HE_FAN_OUT)
    this.act = nf ? new ScaledActivation(options.activation ?? 'relu') : new nn.ReLU()
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Linear(WIDTHS[2], numClasses)
    if (nf) initClassifier(this.fc)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.drop(this.forwardFeatures(x).mean([2, 3])))
  }

  /** The last activation, (N, 64, H / 4, W / 4), before the mean over positions. */
  forwardFeatures(x: Tensor): Tensor {
    const nf = this.form === 'nf'
    const stem = nf ? this.conv1(x) : this.act(this.bn1(this.conv1(x)))
    const y = this.layer3(this.layer2(this.layer1(stem)))
    return nf ? this.act(y) : y
  }
}

function cifarStages(layers: readonly number[], options: CifarResNetOptions): nn.Sequential[] {
  const { form, alpha = ALPHA, dropPathRate = 0 } = options
  const blocks = layOut({ layers, channels: WIDTHS, stem: { channels: WIDTHS[0], stride: 1 } })
  const plans = planBlocks(layers, alpha)
  const rates = dropPathRates(dropPathRate, plans.length)
  const create = (at: BlockLayout) =>
    form === 'nf'
      ? new NormFreeBasicBlock(at, plans[at.index], options, rates[at.index])
      : new BasicBlock(at, form, options.rezero ?? false, rates[at.index])
  return blocks.map(stage => new nn.Sequential(...stage.map(create)))
}

const standardizedConv = (
  { weightStandardization }: CifarResNetOptions,
  input: number,
  out: number,
  kernelSize: number,
  stride = 1,
): ScaledStdConv2d =>
  new ScaledStdConv2d(input, out, kernelSize, {
    stride,
    padding: (kernelSize - 1) / 2,
    decoupled: weightStandardization === 'decoupled',
  })

/** relu(shortcut + norm(conv(relu(norm(conv(x)))))). */
class BasicBlock extends ResidualBlock {
  readonly rezeroGain: nn.Parameter | null
  readonly conv1: nn.Conv2d
  readonly bn1: nn.Module
  readonly conv2: nn.Conv2d
  readonly bn2: nn.Module
  readonly downsample: nn.Sequential | null
  readonly dropPath: StochasticDepth

  constructor(layout: BlockLayout, norm: NormName, rezero: boolean, dropPathRate: number) {
    const { stage, block, stageEnd, inChannels, outChannels, stride } = layout
    super({ stage, block, stageEnd, predictedVariance: null })
    this.rezeroGain = rezero ? new nn.Parameter(zeros([])) : null
    this.conv1 = createConv(norm, inChannels, outChannels, 3, { stride })
    this.bn1 = createNorm(norm, outChannels)
    this.conv2 = createConv(norm, outChannels, outChannels, 3)
    this.bn2 = createNorm(norm, outChannels)
    this.downsample =
      stride > 1
        ? new nn.Sequential(new nn.AvgPool2d(1, { stride }), createNorm(norm, inChannels))
        : null
    this.dropPath = new StochasticDepth(dropPathRate, { scaleByKeep: true })
  }

  override forward(x: Tensor): Tensor {
    const y = this.residual(this.bn2(this.conv2(this.bn1(this.conv1(x)).relu())))
    const branch = this.dropPath(y)
    const scaled = this.rezeroGain ? branch.mul(this.rezeroGain) : branch
    return scaled.add(this.#shortcut(x)).relu()
  }

  #shortcut(x: Tensor): Tensor {
    if (!this.downsample) return x
    const subsampled = this.downsample(x)
    return cat([subsampled, zerosLike(subsampled)], 1)
  }

  override branchScale(): Tensor | null {
    return this.rezeroGain
  }
}

/** shortcut + alpha * s * f(u), u = act(x) gamma / beta; the shortcut of a transition is a convolution of u. */
class NormFreeBasicBlock extends ResidualBlock {
  readonly skipinitGain = new nn.Parameter(zeros([]))
  readonly act1: ScaledActivation
  readonly downsample: ScaledStdConv2d | null
  readonly conv1: ScaledStdConv2d
  readonly act2: ScaledActivation
  readonly conv2: ScaledStdConv2d
  readonly dropPath: StochasticDepth
  readonly alpha: number

  constructor(
    { stage, block, stageEnd, inChannels, outChannels, stride }: BlockLayout,
    { beta, predictedVariance }: BlockPlan,
    options: CifarResNetOptions,
    dropPathRate: number,
  ) {
    super({ stage, block, stageEnd, predictedVariance })
    const { activation = 'relu', alpha = ALPHA } = options
    this.alpha = alpha
    this.act1 = new ScaledActivation(activation, { beta })
    this.downsample =
      stride > 1 ? standardizedConv(options, inChannels, outChannels, 1, stride) : null
    this.conv1 = standardizedConv(options, inChannels, outChannels, 3, stride)
    this.act2 = new ScaledActivation(activation)
    this.conv2 = standardizedConv(options, outChannels, outChannels, 3)
    this.dropPath = new StochasticDepth(dropPathRate)
  }

  override forward(x: Tensor): Tensor {
    const u = this.activated(x)
    const shortcut = this.downsample ? this.downsample(u) : x
    const branch = this.dropPath(this.residual(this.conv2(this.act2(this.conv1(u)))))
    return shortcut.add(branch.mul(this.skipinitGain), { alpha: this.alpha })
  }

  override branchScale(): Tensor {
    return this.skipinitGain
  }

  override multipliers(): BlockMultipliers {
    return { ...super.multipliers(), residual: this.alpha }
  }

  override activated(x: Tensor): Tensor {
    return this.act1(x)
  }
}
