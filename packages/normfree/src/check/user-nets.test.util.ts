// Nets as a user may write them, for the tests of the check: one of this package's layers, one of
// nothing but operators. Neither knows ResidualBlock.
import { nn, type Tensor, zeros } from '@normfree/torch'
import { GAMMA } from '../gain.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { SqueezeExcite } from '../layers/squeeze-excite.ts'
import { planBlocks } from '../variance.ts'

const DEPTHS = [2, 3, 3]
const WIDTHS = [16, 32, 48]
const ALPHA = 0.3

/** x (or a convolution of u) + alpha s f(u), u = act1(x), with squeeze-excite at the end. */
class UserBlock extends nn.Module {
  readonly gate = new nn.Parameter(zeros([]))
  readonly act1: ScaledActivation
  readonly downsample: ScaledStdConv2d | null
  readonly conv1: ScaledStdConv2d
  readonly act2 = new ScaledActivation('silu')
  readonly conv2: ScaledStdConv2d
  readonly attention: SqueezeExcite
  readonly alpha = ALPHA

  constructor(input: number, out: number, beta: number, decoupled: boolean) {
    super()
    const stride = input === out ? 1 : 2
    this.act1 = new ScaledActivation('silu', { beta })
    this.downsample =
      input === out ? null : new ScaledStdConv2d(input, out, 1, { stride, decoupled })
    this.conv1 = new ScaledStdConv2d(input, out, 3, { stride, padding: 1, decoupled })
    this.conv2 = new ScaledStdConv2d(out, out, 3, { padding: 1, decoupled })
    this.attention = new SqueezeExcite(out)
  }

  override forward(x: Tensor): Tensor {
    const u = this.act1(x)
    const branch = this.attention(this.conv2(this.act2(this.conv1(u))))
    const shortcut = this.downsample ? this.downsample(u) : x
    return branch.mul(this.gate).mul(this.alpha).add(shortcut)
  }
}

/** Of this package's layers. */
export class UserNet extends nn.Module {
  readonly stem: ScaledStdConv2d
  readonly body: nn.Sequential
  readonly head = new nn.Linear(WIDTHS[WIDTHS.length - 1], 10)

  constructor({ decoupled = false } = {}) {
    super()
    this.stem = new ScaledStdConv2d(3, WIDTHS[0], 3, { padding: 1, decoupled })
    let input = WIDTHS[0]
    const blocks = planBlocks(DEPTHS, ALPHA).map(({ stage, beta }, i) => {
      // The first stage keeps the stem's width and starts with a plain block.
      const block = new UserBlock(input, WIDTHS[stage], i === 0 ? 1 : beta, decoupled)
      input = WIDTHS[stage]
      return block
    })
    this.body = new nn.Sequential(...blocks)
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.body(this.stem(x)).mean([2, 3]))
  }
}

/** What a user may get wrong in {@link OperatorNet}, or do in another way. */
export interface OperatorNetMistakes {
  /** Divide by beta in front of the activation; no mistake. */
  divideFirst?: boolean
  /** Default relu's. */
  gain?: number
  /** Of block 3. Default: as planned. */
  beta?: number
  /** Leave out the standardization. */
  plainKernels?: boolean
  /** Multiplies the gates. Default 2. */
  gateGain?: number
  /** Let betas grow through the transition. */
  noReset?: boolean
  /** Multiplies the standardized kernels. Default 1. */
  kernelScale?: number
}

/** Six blocks, the fourth of which strides: standardization, gains and betas written out in forward. */
export class OperatorNet extends nn.Module {
  readonly kernels: nn.ParameterList
  readonly gates: nn.ParameterList
  readonly #mistakes: OperatorNetMistakes
  static readonly width = 24
  static readonly transition = 3

  constructor(mistakes: OperatorNetMistakes = {}) {
    super()
    this.#mistakes = mistakes
    const { width } = OperatorNet
    const kernel = (out: number, input: number, side: number) => {
      const weight = new nn.Parameter(zeros([out, input, side, side]))
      nn.init.kaimingNormal_(weight, { nonlinearity: 'linear' })
      return weight
    }
    this.kernels = new nn.ParameterList([
      kernel(width, 3, 3),
      kernel(width, width, 1),
      ...Array.from({ length: 12 }, () => kernel(width, width, 3)),
    ])
    this.gates = new nn.ParameterList(Array.from({ length: 6 }, () => kernel(width, width, 1)))
  }

  #kernel(index: number): Tensor {
    const weight = this.kernels[index]
    if (this.#mistakes.plainKernels) return weight
    const [variance, mean] = weight.varMean([1, 2, 3], { correction: 0, keepdim: true })
    const fanIn = weight.numel / weight.shape[0]
    return weight
      .sub(mean)
      .mul(variance.mul(fanIn).rsqrt())
      .mul(this.#mistakes.kernelScale ?? 1)
  }

  override forward(x: Tensor): Tensor {
    const { gain = GAMMA.relu, gateGain = 2, noReset, beta, divideFirst } = this.#mistakes
    const { transition } = OperatorNet
    let y = nn.functional.conv2d(x, this.#kernel(0), null, 1, 1)
    let variance = 1
    for (let block = 0; block < 6; block++) {
      const divisor = block === 2 && beta !== undefined ? beta : Math.sqrt(variance)
      const u = divideFirst ? y.div(divisor).relu().mul(gain) : y.relu().mul(gain / divisor)
      const stride = block === transition ? 2 : 1
      let branch = nn.functional.conv2d(u, this.#kernel(2 + 2 * block), null, stride, 1)
      branch = branch.relu().mul(gain)
      branch = nn.functional.conv2d(branch, this.#kernel(3 + 2 * block), null, 1, 1)
      const gate = nn.functional.conv2d(branch.mean([2, 3], true), this.gates[block]).sigmoid()
      branch = branch.mul(gate).mul(gateGain)
      const shortcut = stride > 1 ? nn.functional.conv2d(u, this.#kernel(1), null, stride) : y
      y = shortcut.add(branch.mul(0.5))
      variance = (stride > 1 && !noReset ? 1 : variance) + 0.25
    }
    return y.mean([2, 3])
  }
}
