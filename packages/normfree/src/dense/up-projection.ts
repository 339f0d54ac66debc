// The depth head of Laina et al. (2016, arXiv:1606.00373), which the NF-ResNets paper takes for NYU
// depth (Appendix H.2): four blocks that double the size, each halving the channels.
//
// The papers give no normalizer-free form. This one keeps variances at 1 as NF-ResNets do: unpooling
// leaves zeros in 3 of 4 places, so that a standardized kernel sees a quarter of the square of its
// input, whose mean it no longer cancels; and the sum of two branches doubles the variance.
import { nn, type Tensor } from '@normfree/torch'
import { GAMMA, momentsOf } from '../gain.ts'
import { activation, convNorm, type DenseForm, predictor } from './layers.ts'

/** Mean of an activated standard normal, as the next layer sees it. */
const ACTIVATED_MEAN = GAMMA.relu * (momentsOf('relu')?.mean ?? 0)

/** (N, C, H, W) to (N, C, 2H, 2W): values at even places, zeros elsewhere. */
export function unpool(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape
  return x
    .reshape([batch, channels, height, 1, width, 1])
    .pad([0, 1, 0, 0, 0, 1])
    .reshape([batch, channels, 2 * height, 2 * width])
}

/** Options of {@link UpProjection}. */
export interface UpProjectionOptions {
  form: DenseForm
  /** Normalizer-free: mean of the input over channels, whose variance is 1. Default 0. */
  inputMean?: number
}

/**
 * (N, inChannels, H, W) to (N, outChannels, 2H, 2W): act(f(u) + g(u)) of the unpooled input u, f two
 * convolutions (5 x 5, 3 x 3) and g one (5 x 5).
 */
export class UpProjection extends nn.Module {
  readonly conv1: nn.Module
  readonly act1: nn.Module
  readonly conv2: nn.Module
  readonly shortcut: nn.Module
  readonly act2: nn.Module
  readonly #scale: number

  constructor(inChannels: number, outChannels: number, options: UpProjectionOptions) {
    super()
    const { form, inputMean = 0 } = options
    this.conv1 = convNorm(form, inChannels, outChannels, 5)
    this.act1 = activation(form)
    this.conv2 = convNorm(form, outChannels, outChannels, 3)
    this.shortcut = convNorm(form, inChannels, outChannels, 5)
    this.act2 = activation(form, Math.SQRT2)
    this.#scale = form === 'nf' ? 2 / Math.sqrt(1 + inputMean ** 2) : 1
  }

  override forward(x: Tensor): Tensor {
    const u = unpool(this.#scale === 1 ? x : x.mul(this.#scale))
    const branch = this.conv2(this.act1(this.conv1(u)))
    return this.act2(branch.add(this.shortcut(u)))
  }
}

/** Options of {@link UpProjectionHead}. */
export interface UpProjectionHeadOptions {
  form: DenseForm
}

const BLOCKS = 4

/**
 * (N, inChannels, h, w) to depths (N, 1, 16 h, 16 w): a 1 x 1 convolution to half the channels, four
 * UpProjections that halve them again, a 3 x 3 convolution. Depths are unbounded: in what unit and
 * whether as logarithms is the loss's affair.
 */
export class UpProjectionHead extends nn.Module {
  readonly conv1: nn.Module
  readonly blocks: nn.Sequential
  readonly fc: nn.Conv2d

  constructor(inChannels: number, { form }: UpProjectionHeadOptions) {
    super()
    const widths = Array.from({ length: BLOCKS + 1 }, (_, i) =>
      Math.max(1, Math.floor(inChannels / 2 ** (i + 1))),
    )
    this.conv1 = convNorm(form, inChannels, widths[0], 1)
    this.blocks = new nn.Sequential(
      ...widths.slice(1).map((out, i) => {
        const inputMean = i === 0 ? 0 : ACTIVATED_MEAN
        return new UpProjection(widths[i], out, { form, inputMean })
      }),
    )
    this.fc = predictor(widths[BLOCKS], 1, 3)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.blocks(this.conv1(x)))
  }
}
