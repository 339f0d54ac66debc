// Convolutions over one and two dimensions.
import { ArgumentError } from '../errors.ts'
import { conv1d, conv2d, empty, pad } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { resetParameters } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { boolText, sizeText } from './print.ts'
import { pair, type Size1d, type Size2d, single } from './sizes.ts'

/** What stands beyond the edge: zeros, or the input mirrored, repeated or wrapped around. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'

const PADDING_MODES: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular']

/** Options of convolutions; `Size` is a number, or one for each direction. */
export interface ConvOptions<Size> {
  /** Default 1. */
  stride?: Size
  /** Elements added on each side; 'same' keeps the size, 'valid' adds none. Default 0. */
  padding?: Size | 'same' | 'valid'
  /** Default 1. */
  dilation?: Size
  /** Channels are convolved in this many separate groups. Default 1. */
  groups?: number
  /** Default true. */
  bias?: boolean
  /** Default 'zeros'. */
  paddingMode?: PaddingMode
}

/** Options of {@link Conv1d}. */
export type Conv1dOptions = ConvOptions<Size1d>
/** Options of {@link Conv2d}. */
export type Conv2dOptions = ConvOptions<Size2d>

/** The options of a convolution, with a number for each direction. */
interface ConvForm<Sizes> {
  kernelSize: Sizes
  stride: Sizes
  padding: Sizes | 'same' | 'valid'
  dilation: Sizes
  /** Transposed convolutions alone. */
  outputPadding?: Sizes
  groups?: number
  bias?: boolean
  paddingMode?: PaddingMode
}

/** What all convolutions share: their parameters, and how PyTorch prints them. */
export abstract class ConvNd<Sizes extends number[]> extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Sizes
  readonly stride: Sizes
  readonly padding: Sizes | 'same' | 'valid'
  readonly dilation: Sizes
  readonly outputPadding: Sizes | null
  readonly groups: number
  readonly paddingMode: PaddingMode
  readonly weight: Parameter
  readonly bias: Parameter | null

  constructor(inChannels: number, outChannels: number, form: ConvForm<Sizes>) {
    super()
    const { kernelSize, stride, padding, dilation, outputPadding = null } = form
    const { groups = 1, bias = true, paddingMode = 'zeros' } = form
    checkForm(inChannels, outChannels, { ...form, groups, paddingMode })
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = kernelSize
    this.stride = stride
    this.padding = padding
    this.dilation = dilation
    this.outputPadding = outputPadding
    this.groups = groups
    this.paddingMode = paddingMode
    const channels = outputPadding
      ? [inChannels, outChannels / groups]
      : [outChannels, inChannels / groups]
    this.weight = new Parameter(empty([...channels, ...kernelSize]))
    this.bias = bias ? new Parameter(empty([outChannels])) : null
    resetParameters(this.weight, this.bias)
  }

  /**
   * The input and the padding that remains for the operator, which knows zeros alone. 'same' adds
   * the odd element at the end, as PyTorch does.
   */
  protected padded(x: Tensor): [Tensor, Sizes | number | 'same' | 'valid'] {
    const { padding, paddingMode, kernelSize, dilation } = this
    if (paddingMode === 'zeros') return [x, padding]
    const borders = kernelSize.map((kernel, i): [number, number] => {
      if (typeof padding !== 'string') return [padding[i], padding[i]]
      const total = padding === 'same' ? dilation[i] * (kernel - 1) : 0
      return [Math.floor(total / 2), Math.ceil(total / 2)]
    })
    return [pad(x, borders.reverse().flat(), paddingMode), 0]
  }

  override extraRepr(): string {
    const { padding, dilation, outputPadding, groups, paddingMode } = this
    const shown = (name: string, value: number[] | string, usual: number) =>
      typeof value === 'string'
        ? [`${name}=${value}`]
        : value.some(size => size !== usual)
          ? [`${name}=${sizeText(value)}`]
          : []
    return [
      String(this.inChannels),
      String(this.outChannels),
      `kernel_size=${sizeText(this.kernelSize)}`,
      `stride=${sizeText(this.stride)}`,
      ...shown('padding', padding, 0),
      ...shown('dilation', dilation, 1),
      ...shown('output_padding', outputPadding ?? [], 0),
      ...(groups === 1 ? [] : [`groups=${groups}`]),
      ...(this.bias ? [] : [`bias=${boolText(false)}`]),
      ...(paddingMode === 'zeros' ? [] : [`padding_mode=${paddingMode}`]),
    ].join(', ')
  }
}

function checkForm(
  inChannels: number,
  outChannels: number,
  form: Required<Pick<ConvForm<number[]>, 'groups' | 'paddingMode' | 'padding' | 'stride'>>,
): void {
  const { groups, paddingMode, padding, stride } = form
  if (!(groups > 0) || inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ArgumentError(
      `Expected channels that \`groups\` divides but received ${inChannels} -> ${outChannels} channels in ${groups} groups.`,
    )
  if (!PADDING_MODES.includes(paddingMode))
    throw new ArgumentError(
      `Expected ${PADDING_MODES.join(', ')} for \`paddingMode\` but received ${JSON.stringify(paddingMode)}.`,
    )
  if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid')
    throw new ArgumentError(
      `Expected sizes, 'same' or 'valid' for \`padding\` but received ${JSON.stringify(padding)}.`,
    )
  if (padding === 'same' && stride.some(step => step !== 1))
    throw new ArgumentError(
      `Expected stride 1 with padding 'same' but received \`stride\` [${stride.join(', ')}].`,
    )
}

/** 'same' and 'valid' as they are, sizes with a number for each direction. */
const paddingOf = <Size, Sizes>(
  padding: Size | 'same' | 'valid',
  spread: (size: Size) => Sizes,
): Sizes | 'same' | 'valid' =>
  typeof padding === 'string' ? (padding as 'same' | 'valid') : spread(padding as Size)

/**
 * Convolution of (N, inChannels, L) to (N, outChannels, L'), as Conv2d in one dimension. The weight
 * is (outChannels, inChannels / groups, k).
 *
 * @throws ArgumentError as Conv2d.
 */
export class Conv1d extends ConvNd<[number]> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size1d,
    options: Conv1dOptions = {},
  ) {
    const { stride = 1, padding = 0, dilation = 1, groups, bias, paddingMode } = options
    super(inChannels, outChannels, {
      kernelSize: single(kernelSize),
      stride: single(stride),
      padding: paddingOf(padding, single),
      dilation: single(dilation),
      groups,
      bias,
      paddingMode,
    })
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, stride, dilation, groups } = this
    const [input, padding] = this.padded(x)
    return typeof padding === 'string'
      ? conv1d(input, weight, bias, stride, padding, dilation, groups)
      : conv1d(input, weight, bias, stride, padding, dilation, groups)
  }
}

/**
 * Convolution of (N, inChannels, H, W) to (N, outChannels, H', W'), with
 * H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. The weight is
 * (outChannels, inChannels / groups, kH, kW) and starts as PyTorch's.
 *
 * @throws ArgumentError when the channels cannot be divided by the groups, for an unknown padding or
 * paddingMode, and for padding 'same' with a stride.
 */
export class Conv2d extends ConvNd<[number, number]> {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size2d,
    options: Conv2dOptions = {},
  ) {
    const { stride = 1, padding = 0, dilation = 1, groups, bias, paddingMode } = options
    super(inChannels, outChannels, {
      kernelSize: pair(kernelSize),
      stride: pair(stride),
      padding: paddingOf(padding, pair),
      dilation: pair(dilation),
      groups,
      bias,
      paddingMode,
    })
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(x, this.weight)
  }

  /** The convolution with another kernel of the same shape, for layers that re-parameterise it. */
  protected convolve(x: Tensor, weight: Tensor): Tensor {
    const { bias, stride, dilation, groups } = this
    const [input, padding] = this.padded(x)
    return typeof padding === 'string'
      ? conv2d(input, weight, bias, stride, padding, dilation, groups)
      : conv2d(input, weight, bias, stride, padding, dilation, groups)
  }
}
