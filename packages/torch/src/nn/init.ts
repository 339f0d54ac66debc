// Parameter initialisers with PyTorch's names and distributions (torch.nn.init). All work in place
// without recording, draw from the default random stream, and return their tensor.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { isSkippingInit } from './skip-init.ts'

export { dirac_, eye_, orthogonal_, sparse_ } from './init-matrix.ts'

export type FanMode = 'fan_in' | 'fan_out'
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu'

const SIMPLE_GAINS: Record<Exclude<Nonlinearity, 'leaky_relu'>, number> = {
  linear: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.SQRT2,
  selu: 3 / 4,
}

/** The gain that PyTorch recommends for a nonlinearity; `slope` is leaky_relu's, default 0.01. */
export const calculateGain = (nonlinearity: Nonlinearity, slope = 0.01): number =>
  nonlinearity === 'leaky_relu' ? Math.sqrt(2 / (1 + slope ** 2)) : SIMPLE_GAINS[nonlinearity]

/**
 * Inputs and outputs that one unit of a weight is connected to, for (out, in, ...kernel) weights.
 *
 * @throws ArgumentError below two dimensions.
 */
export function calculateFanInAndFanOut(weight: Tensor): [number, number] {
  const [out, input, ...kernel] = weight.shape
  if (input === undefined)
    throw new ArgumentError(
      `Expected at least 2 dimensions for \`weight\` but received shape [${weight.shape}].`,
    )
  const field = kernel.reduce((product, size) => product * size, 1)
  return [input * field, out * field]
}

export const uniform_ = (tensor: Tensor, a = 0, b = 1): Tensor =>
  isSkippingInit() ? tensor : noGrad(() => tensor.uniform_(a, b))

export const normal_ = (tensor: Tensor, mean = 0, std = 1): Tensor =>
  isSkippingInit() ? tensor : noGrad(() => tensor.normal_(mean, std))

export const constant_ = (tensor: Tensor, value: number): Tensor =>
  noGrad(() => tensor.fill_(value))

export const zeros_ = (tensor: Tensor): Tensor => constant_(tensor, 0)

export const ones_ = (tensor: Tensor): Tensor => constant_(tensor, 1)

export interface KaimingOptions {
  /** Slope of leaky_relu. Default 0. */
  a?: number
  /** Default 'fan_in': keeps the variance of the forward pass. */
  mode?: FanMode
  /** Default 'leaky_relu'. */
  nonlinearity?: Nonlinearity
}

function kaimingStd(
  tensor: Tensor,
  { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' }: KaimingOptions,
): number {
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor)
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut)
}

/** N(0, gain^2 / fan) (He et al., 2015). */
export const kaimingNormal_ = (tensor: Tensor, options: KaimingOptions = {}): Tensor =>
  normal_(tensor, 0, kaimingStd(tensor, options))

/** U(-b, b) with b = gain sqrt(3 / fan) (He et al., 2015). */
export function kaimingUniform_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(tensor, options)
  return uniform_(tensor, -bound, bound)
}

function xavierStd(tensor: Tensor, gain: number): number {
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor)
  return gain * Math.sqrt(2 / (fanIn + fanOut))
}

/** N(0, 2 gain^2 / (fan_in + fan_out)) (Glorot and Bengio, 2010). */
export const xavierNormal_ = (tensor: Tensor, gain = 1): Tensor =>
  normal_(tensor, 0, xavierStd(tensor, gain))

/** U(-b, b) with b = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010). */
export function xavierUniform_(tensor: Tensor, gain = 1): Tensor {
  const bound = Math.sqrt(3) * xavierStd(tensor, gain)
  return uniform_(tensor, -bound, bound)
}

/** N(mean, std^2) cut to [a, b], by the inverse of the normal distribution function. */
export function truncNormal_(tensor: Tensor, mean = 0, std = 1, a = -2, b = 2): Tensor {
  const cdf = (x: number) => (1 + erf((x - mean) / (std * Math.SQRT2))) / 2
  if (isSkippingInit()) return tensor
  return noGrad(() =>
    tensor
      .uniform_(2 * cdf(a) - 1, 2 * cdf(b) - 1)
      .erfinv_()
      .mul_(std * Math.SQRT2)
      .add_(mean)
      .clamp_(a, b),
  )
}

/** Error function, to 1.5e-7 (Abramowitz and Stegun 7.1.26): enough for a truncation point. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const poly =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  return Math.sign(x) * (1 - poly * Math.exp(-x * x))
}
