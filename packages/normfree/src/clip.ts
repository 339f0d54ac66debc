// Gradient clipping, in place on `.grad`, before the optimizer adds weight decay: adaptive (NFNets,
// section 4), by global norm and by value. Parameters without a gradient are passed over.
import { ArgumentError, noGrad, stack, type Tensor, tidy, where } from '@normfree/torch'

/** Parameters with their dotted names, as Module.namedParameters gives them. */
export type NamedParameters = Iterable<readonly [string, Tensor]>

/** Options of {@link adaptiveClipGrad_}; the defaults are the ones of NFNets, section 4. */
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
  const isExcluded = (name: string) =>
    exclude.some(excluded => name === excluded || name.startsWith(`${excluded}.`))
  return withGradients(parameters, all => {
    const norms = all.map(({ grad }) => normOf(grad))
    const clipped = all
      .filter(({ name }) => !isExcluded(name))
      .map(({ parameter, grad }) =>
        tidy(() => clipUnits(parameter, grad, clipFactor, eps, reading)),
      )
    return { gradNorm: lengthOf(norms), clipFraction: shareOf(clipped) }
  })
}

/** How many of its units, or elements, were clipped: a tensor, which need not be read at once. */
interface Clipped {
  count: Tensor
  of: number
}

function clipUnits(
  parameter: Tensor,
  grad: Tensor,
  clipFactor: number,
  eps: number,
  reading: 'deepmind' | 'timm',
): Clipped {
  const bound = unitwiseNorm(parameter, reading).clampMin(eps).mul(clipFactor)
  const norm = unitwiseNorm(grad, reading)
  const clipped = norm.gt(bound)
  // Exactly 1 where nothing is clipped: a tie or a smaller gradient keeps its bits.
  grad.mul_(where(clipped, bound.div(norm.clampMin(1e-6)), 1))
  return { count: clipped.sum(), of: norm.numel }
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
  return withGradients(parameters, all => {
    const gradNorm = globalNorm(all)
    const coefficient = maxNorm / (gradNorm + 1e-6)
    if (coefficient < 1) for (const { grad } of all) grad.mul_(coefficient)
    return { gradNorm, clipFraction: coefficient < 1 ? 1 : 0 }
  })
}

/** Cuts every element of every gradient to [-clipValue, clipValue]. */
export function clipGradValue_(parameters: NamedParameters, clipValue: number): ClipReport {
  requirePositive('clipValue', clipValue)
  return withGradients(parameters, all => {
    const norms = all.map(({ grad }) => normOf(grad))
    const clipped = all.map(({ grad }): Clipped => {
      const count = tidy(() => grad.abs().gt(clipValue).sum())
      grad.clamp_(-clipValue, clipValue)
      return { count, of: grad.numel }
    })
    return { gradNorm: lengthOf(norms), clipFraction: shareOf(clipped) }
  })
}

/** Euclidean norm of all gradients together. */
export const gradientNorm = (parameters: NamedParameters): number =>
  withGradients(parameters, globalNorm)

interface WithGradient {
  name: string
  parameter: Tensor
  grad: Tensor
}

/** Runs `work`, without recording and in a scope, on the parameters that have a gradient. */
const withGradients = <T>(parameters: NamedParameters, work: (all: WithGradient[]) => T): T =>
  noGrad(() =>
    tidy(() => {
      const all = Array.from(parameters, ([name, parameter]) => {
        const { grad } = parameter
        return grad && { name, parameter, grad }
      })
      return work(all.filter(entry => entry !== null))
    }),
  )

/** By sums of squares: over millions of elements LibTorch's own norm is off by up to 1e-3. */
const normOf = (grad: Tensor): Tensor => tidy(() => grad.square().sum().sqrt())

const lengthOf = (norms: readonly Tensor[]): number => Math.hypot(...numbersOf(norms))

const globalNorm = (all: readonly WithGradient[]): number =>
  lengthOf(all.map(({ grad }) => normOf(grad)))

function shareOf(clipped: readonly Clipped[]): number {
  const total = clipped.reduce((sum, { of }) => sum + of, 0)
  const count = numbersOf(clipped.map(each => each.count)).reduce((sum, value) => sum + value, 0)
  return total === 0 ? 0 : count / total
}

/** The values of 0-dimensional tensors in one read: on a GPU each read waits for all work before it. */
function numbersOf(scalars: readonly Tensor[]): number[] {
  if (scalars.length === 0) return []
  const { device } = scalars[0]
  return Array.from(stack(scalars.map(scalar => scalar.to({ device }))).data(), Number)
}

function requirePositive(name: string, value: number): void {
  if (!(value > 0))
    throw new ArgumentError(`Expected a number > 0 for \`${name}\` but received ${value}.`)
}
