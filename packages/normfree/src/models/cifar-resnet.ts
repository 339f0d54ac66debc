// ResNets of depth 6n + 2 for 32 x 32 images (He et al., 2015, section 4.2): three stages of n basic
// blocks, 16, 32 and 64 channels, in three forms.
// - `batch`: batch norm after every convolution, ReLU after the sum, parameter-free shortcuts that
//   subsample and pad with zero channels. Names, shortcuts and initialisation are those of the Fixup
//   authors' code (hongyi-zhang/Fixup, cifar), but for the last norm of each branch, which starts at
//   1 as He et al. have it and not at 0: at this depth a start at 0 only slows a short run.
// - `none`: the same without norms; convolutions have biases.
// - `nf`: normalizer-free pre-activation blocks (NF-ResNets, section 4.4): Scaled WS in the deepmind
//   convention, gamma and beta in the activations, SkipInit. The papers build none for CIFAR; stage
//   transitions follow their ImageNet nets: a strided 1 x 1 convolution of the normalized input.
import { ArgumentError, cat, nn, type Tensor, zeros, zerosLike } from '@normfree/torch'
import type { ActivationName } from '../activations.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { planBlocks } from '../variance.ts'
import { type BlockPosition, ResidualBlock } from './residual-block.ts'

/** What keeps the signal in bounds: batch norm, nothing, or normalizer-free blocks. */
export type CifarResNetForm = 'batch' | 'none' | 'nf'

/** Depth and form of a {@link CifarResNet}, and what the normalizer-free form adds. */
export interface CifarResNetOptions {
  /** 6n + 2, n blocks a stage: 20, 32, 44, 56, 110, ... */
  depth: number
  form: CifarResNetForm
  /** Default 10. */
  numClasses?: number
  /** `nf` only: growth of the variance. Default 0.2. */
  alpha?: number
  /** `nf` only. Default 'relu'. */
  activation?: ActivationName
}

const WIDTHS = [16, 32, 64] as const

/**
 * Images (N, 3, 32, 32) to logits (N, numClasses).
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
  readonly fc: nn.Linear
  readonly form: CifarResNetForm
  readonly alpha: number | null

  constructor(options: CifarResNetOptions) {
    super()
    const { depth, form, numClasses = 10, alpha = 0.2, activation = 'relu' } = options
    const nf = form === 'nf'
    const blocks = blocksPerStage(depth)
    this.form = form
    this.alpha = nf ? alpha : null
    this.conv1 = nf
      ? new ScaledStdConv2d(3, WIDTHS[0], 3, { padding: 1 })
      : plainConv(3, WIDTHS[0], 1, form === 'none')
    this.bn1 = form === 'batch' ? new nn.BatchNorm2d(WIDTHS[0]) : new nn.Identity()
    const stages = [0, 1, 2].map(
      stage => new nn.Sequential(...stageBlocks(stage, blocks, form, alpha, activation)),
    )
    ;[this.layer1, this.layer2, this.layer3] = stages as [
      nn.Sequential,
      nn.Sequential,
      nn.Sequential,
    ]
    this.act = nf ? new ScaledActivation(activation) : new nn.ReLU()
    this.fc = new nn.Linear(WIDTHS[2], numClasses)
    if (nf) initHead(this.fc)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.features(x).mean([2, 3]))
  }

  /** The last activation, (N, 64, H / 4, W / 4), before the mean over positions. */
  features(x: Tensor): Tensor {
    const nf = this.form === 'nf'
    const stem = nf ? this.conv1(x) : this.act(this.bn1(this.conv1(x)))
    const y = this.layer3(this.layer2(this.layer1(stem)))
    return nf ? this.act(y) : y
  }
}

function blocksPerStage(depth: number): number {
  const blocks = (depth - 2) / 6
  if (!Number.isInteger(blocks) || blocks < 1)
    throw new ArgumentError(
      `Expected 6n + 2 (20, 32, 44, ...) for \`depth\` but received ${depth}.`,
    )
  return blocks
}

function stageBlocks(
  stage: number,
  depth: number,
  form: CifarResNetForm,
  alpha: number,
  activation: ActivationName,
): ResidualBlock[] {
  const plans = planBlocks([depth, depth, depth], alpha).filter(plan => plan.stage === stage)
  return plans.map(({ block, beta, predictedVariance }) => {
    const first = stage > 0 && block === 0
    const out = WIDTHS[stage]
    const input = first ? WIDTHS[stage - 1] : out
    const position = { stage, block, stageEnd: block === depth - 1 }
    if (form === 'nf')
      return new NormFreeBasicBlock(input, out, first ? 2 : 1, alpha, beta, activation, {
        ...position,
        predictedVariance,
      })
    return new BasicBlock(input, out, first ? 2 : 1, form, { ...position, predictedVariance: null })
  })
}

function plainConv(input: number, out: number, stride: number, bias: boolean): nn.Conv2d {
  const conv = new nn.Conv2d(input, out, 3, { stride, padding: 1, bias })
  nn.init.kaimingNormal_(conv.weight, { mode: 'fan_out', nonlinearity: 'relu' })
  if (conv.bias) nn.init.zeros_(conv.bias)
  return conv
}

/** N(0, 0.01^2) weights and zero bias, as the NF-ResNets' classifier (deepmind-research nfnets). */
function initHead(fc: nn.Linear): void {
  nn.init.normal_(fc.weight, 0, 0.01)
  if (fc.bias) nn.init.zeros_(fc.bias)
}

/** relu(shortcut + norm(conv(relu(norm(conv(x)))))), with batch norm or nothing as the norm. */
class BasicBlock extends ResidualBlock {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.Module
  readonly conv2: nn.Conv2d
  readonly bn2: nn.Module
  readonly downsample: nn.Sequential | null

  constructor(
    input: number,
    out: number,
    stride: number,
    form: 'batch' | 'none',
    position: BlockPosition,
  ) {
    super(position)
    const norm = (channels: number) =>
      form === 'batch' ? new nn.BatchNorm2d(channels) : new nn.Identity()
    this.conv1 = plainConv(input, out, stride, form === 'none')
    this.bn1 = norm(out)
    this.conv2 = plainConv(out, out, 1, form === 'none')
    this.bn2 = norm(out)
    this.downsample =
      stride > 1 ? new nn.Sequential(new nn.AvgPool2d(1, { stride }), norm(input)) : null
  }

  override forward(x: Tensor): Tensor {
    const branch = this.residual(this.bn2(this.conv2(this.bn1(this.conv1(x)).relu())))
    return branch.add(this.#shortcut(x)).relu()
  }

  #shortcut(x: Tensor): Tensor {
    if (!this.downsample) return x
    const subsampled = this.downsample(x)
    return cat([subsampled, zerosLike(subsampled)], 1)
  }

  override branchScale(): null {
    return null
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
  readonly alpha: number

  constructor(
    input: number,
    out: number,
    stride: number,
    alpha: number,
    beta: number,
    activation: ActivationName,
    position: BlockPosition,
  ) {
    super(position)
    this.alpha = alpha
    this.act1 = new ScaledActivation(activation, { beta })
    this.downsample = stride > 1 ? new ScaledStdConv2d(input, out, 1, { stride }) : null
    this.conv1 = new ScaledStdConv2d(input, out, 3, { stride, padding: 1 })
    this.act2 = new ScaledActivation(activation)
    this.conv2 = new ScaledStdConv2d(out, out, 3, { padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    const u = this.act1(x)
    const shortcut = this.downsample ? this.downsample(u) : x
    const branch = this.residual(this.conv2(this.act2(this.conv1(u))))
    return shortcut.add(branch.mul(this.skipinitGain), { alpha: this.alpha })
  }

  override branchScale(): Tensor {
    return this.skipinitGain
  }
}
