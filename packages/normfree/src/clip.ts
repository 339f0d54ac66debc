// Gradient clipping, in place on `.grad`, before the optimizer adds weight decay: adaptive (NFNets,
// section 4), by global norm and by value. Parameters without a gradient are passed over.
import { ArgumentError, noGrad, type Tensor, tidy, where } from '@normfree/torch'

/** Parameters with their dotted names, as Module.namedParameters gives them. */
export type NamedParameters = Iterable<readonly [string, Tensor]>

export interface AdaptiveClipOptions {
  /** Largest ratio of gradient norm to weight norm, lambda. Default 0.01. */
  clipFactor?: number
  /** Weight norms below this count as this, so that units that start at 0 can grow. Default 1e-3. */
  eps?: number
  /**
   * Parameters left unclipped: a dotted name, or the name of a module for all below it. The papers
   * leave the classifier out. Default none.
   */
  exclude?: readonly string[]
  /**
   * What is one unit of a (C, 1, 1, 1) gain: the whole vector (`deepmind`, where gains are vectors)
   * or each channel (`timm`). Default 'deepmind'.
   */
  reading?: 'deepmind' | 'timm'
}

/** How much was clipped. */
export interface ClipReport {
  /** Global gradient norm before clipping, over all parameters that have one. */
  gradNorm: number
  /** Share of units (adaptive) or whether the whole gradient was scaled (norm), 0 to 1. */
  clipFraction: number
}

/**
 * Adaptive gradient clipping: for each unit i with ||G_i|| > lambda max(||W_i||, eps), G_i is scaled
 * down to that bound. A unit is one output of a convolution (out, in, kH, kW) or linear layer
 * (out, in), or a whole vector or scalar (Brock et al., 2021b, equation 3; deepmind-research
 * nfnets/agc_optax.py; timm utils/agc.py).
 */
export function adaptiveClipGrad_(
  parameters: NamedParameters,
  options: AdaptiveClipOptions = {},
): ClipReport {
  const { clipFactor = 0.01, eps = 1e-3, exclude = [], reading = 'deepmind' } = options
  requirePositive('clipFactor', clipFactor)
  requirePositive('eps', eps)
  const withGradients = gradientsOf(parameters)
  let clipped = 0
  let units = 0
  const gradNorm = globalNorm(withGradients.map(({ grad }) => grad))
  for (const { name, parameter, grad } of withGradients) {
    if (exclude.some(excluded => name === excluded || name.startsWith(`${excluded}.`))) continue
    const [clippedHere, unitsHere] = noGrad(() =>
      tidy(() => clipUnits(parameter, grad, clipFactor, eps, reading)),
    )
    clipped += clippedHere
    units += unitsHere
  }
  return { gradNorm, clipFraction: units === 0 ? 0 : clipped / units }
}

function clipUnits(
  parameter: Tensor,
  grad: Tensor,
  clipFactor: number,
  eps: number,
  reading: 'deepmind' | 'timm',
): [number, number] {
  const bound = unitwiseNorm(parameter, reading).clampMin(eps).mul(clipFactor)
  const norm = unitwiseNorm(grad, reading)
  const clipped = norm.gt(bound)
  // Exactly 1 where nothing is clipped: a tie or a smaller gradient keeps its bits.
  grad.mul_(where(clipped, bound.div(norm.clampMin(1e-6)), 1))
  return [clipped.sum().item(), norm.numel]
}

/** Euclidean norm of each unit, shaped to broadcast against `tensor`. */
export function unitwiseNorm(tensor: Tensor, reading: 'deepmind' | 'timm' = 'deepmind'): Tensor {
  const { shape } = tensor
  const dims = reading === 'deepmind' ? shape.filter(size => size !== 1).length : shape.length
  if (dims <= 1) return tensor.norm(2, [...shape.keys()], true)
  return tensor.norm(2, [...shape.keys()].slice(1), true)
}

/**
 * Scales all gradients by maxNorm / (norm + 1e-6) when their global norm exceeds maxNorm, as
 * torch.nn.utils.clip_grad_norm_.
 */
export function clipGradNorm_(parameters: NamedParameters, maxNorm: number): ClipReport {
  requirePositive('maxNorm', maxNorm)
  const gradients = gradientsOf(parameters).map(({ grad }) => grad)
  const gradNorm = globalNorm(gradients)
  const coefficient = maxNorm / (gradNorm + 1e-6)
  if (coefficient < 1) noGrad(() => gradients.forEach(grad => void grad.mul_(coefficient)))
  return { gradNorm, clipFraction: coefficient < 1 ? 1 : 0 }
}

/** Cuts every element of every gradient to [-clipValue, clipValue]. */
export function clipGradValue_(parameters: NamedParameters, clipValue: number): ClipReport {
  requirePositive('clipValue', clipValue)
  const gradients = gradientsOf(parameters).map(({ grad }) => grad)
  const gradNorm = globalNorm(gradients)
  let clipped = 0
  let elements = 0
  noGrad(() => {
    for (const grad of gradients) {
      clipped += tidy(() => grad.abs().gt(clipValue).sum().item())
      elements += grad.numel
      grad.clamp_(-clipValue, clipValue)
    }
  })
  return { gradNorm, clipFraction: elements === 0 ? 0 : clipped / elements }
}

/** Euclidean norm of all gradients together. */
export function gradientNorm(parameters: NamedParameters): number {
  return globalNorm(gradientsOf(parameters).map(({ grad }) => grad))
}

/** By sums of squares: over millions of elements LibTorch's own norm is off by up to 1e-3. */
const globalNorm = (gradients: readonly Tensor[]): number =>
  Math.hypot(...gradients.map(grad => noGrad(() => tidy(() => grad.square().sum().sqrt().item()))))

function gradientsOf(
  parameters: NamedParameters,
): { name: string; parameter: Tensor; grad: Tensor }[] {
  return Array.from(parameters, ([name, parameter]) => ({
    name,
    parameter,
    grad: parameter.grad,
  })).filter(
    (entry): entry is { name: string; parameter: Tensor; grad: Tensor } => entry.grad !== null,
  )
}

function requirePositive(name: string, value: number): void {
  if (!(value > 0))
    throw new ArgumentError(`Expected a number > 0 for \`${name}\` but received ${value}.`)
}
