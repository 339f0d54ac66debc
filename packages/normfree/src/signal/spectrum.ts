// How well conditioned kernels are: singular values of what the convolutions and linear layers really
// multiply with, standardized where they are (NF-ResNets, Appendix A).
import { arange, cos, linalg, type nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import { undisturbed } from '../undisturbed.ts'
import { isWeightLayer } from './residual-sums.ts'
import { followPass } from './timeline.ts'

/** The singular values of one kernel, as a matrix of its outputs by what each of them reads. */
export interface KernelSpectrum {
  /** Dotted name of the module that the kernel is used in. */
  name: string
  /** Outputs of a group. */
  outputs: number
  /** Inputs of an output: channels of a group times positions of the kernel. */
  fanIn: number
  groups: number
  frobeniusNorm: number
  /** The largest singular value, of all groups. */
  spectralNorm: number
  /**
   * The smallest of all groups, apart from the 0 that a kernel has whose rows sum to 0 (all standardized
   * ones: the constant input).
   */
  smallest: number
  /** spectralNorm / smallest; Infinity for a kernel that loses a direction. */
  conditionNumber: number
  /**
   * exp(entropy of the singular values over their sum) (Roy and Vetterli, 2007), mean over groups, over
   * what independent Gaussian weights of this shape would have: 1 at initialisation.
   */
  effectiveRank: number
  /** Of all groups, the largest first in each. */
  singularValues: number[]
}

/**
 * The spectrum of every kernel that `model` uses on `input`, in the order of use. The model's state is as
 * before afterwards. It takes time cubic in the channels: seconds for a ResNet-50.
 */
export function kernelSpectra(model: nn.AnyModule, input: Tensor): KernelSpectrum[] {
  const spectra: KernelSpectrum[] = []
  const nothing = () => {}
  const events = {
    enter: nothing,
    leave: nothing,
    operator(
      _: number,
      { operator, args }: { operator: string; args: readonly unknown[] },
      calls: readonly { name: string }[],
    ) {
      const kernel = kernelOf(operator, args)
      if (kernel)
        spectra.push({
          name: calls[calls.length - 1].name,
          ...kernelSpectrum(kernel.weight, kernel.groups),
        })
    },
  }
  undisturbed(model, () =>
    noGrad(() => tidy(() => followPass(model, events, () => void model.eval()(input)))),
  )
  return spectra
}

/** The kernel that an operator multiplies with; null where it is no convolution or linear layer. */
export function kernelOf(
  operator: string,
  args: readonly unknown[],
): { weight: Tensor; groups: number } | null {
  if (!isWeightLayer(operator) || !/^(conv\d|linear)/.test(operator)) return null
  return {
    weight: args[1] as Tensor,
    groups: operator.startsWith('conv') ? ((args[6] as number) ?? 1) : 1,
  }
}

/** The spectrum of (out, in / groups, ...) with `groups` groups. */
export const kernelSpectrum = (weight: Tensor, groups = 1): Omit<KernelSpectrum, 'name'> =>
  noGrad(() =>
    tidy(() => {
      const matrices = asMatrices(weight, groups)
      const [, outputs, fanIn] = matrices.shape
      const values = linalg.svdvals(matrices)
      const inputs = losesConstant(matrices) ? fanIn - 1 : fanIn
      const kept = values.narrow(1, 0, Math.max(1, Math.min(outputs, inputs)))
      const spectralNorm = kept.amax().item()
      const smallest = kept.amin().item()
      const gaussian = gaussianEffectiveRank(outputs, Math.max(1, inputs))
      return {
        ...{ outputs, fanIn, groups, spectralNorm, smallest },
        frobeniusNorm: matrices.norm().item(),
        conditionNumber: smallest > 0 ? spectralNorm / smallest : Number.POSITIVE_INFINITY,
        effectiveRank: effectiveRank(kept) / gaussian,
        singularValues: Array.from(values.flatten().data() as Float32Array),
      }
    }),
  )

/** (groups, outputs of a group, fan-in) in float32. */
const asMatrices = (weight: Tensor, groups: number): Tensor =>
  weight
    .detach()
    .to('float32')
    .reshape([groups, weight.shape[0] / groups, -1])

/** Whether every row sums to 0, up to rounding. */
const losesConstant = (matrices: Tensor): boolean =>
  matrices.sum(-1).abs().lt(matrices.abs().sum(-1).mul(1e-5)).all().item() === 1

const effectiveRank = (values: Tensor): number => {
  const share = values.div(values.sum(1, true))
  return share.mul(share.clampMin(1e-30).log()).sum(1).neg().exp().mean().item()
}

const POINTS = 2000

/**
 * The effective rank of rows x columns independent Gaussian weights, by quadrature over the law of
 * Marchenko and Pastur for their singular values.
 */
export function gaussianEffectiveRank(rows: number, columns: number): number {
  const [few, many] = rows < columns ? [rows, columns] : [columns, rows]
  if (few === 1) return 1
  const ratio = few / many
  let [mean, entropy] = [0, 0]
  for (let i = 0; i < POINTS; i++) {
    const angle = (Math.PI * (i + 0.5)) / POINTS
    const squared = 1 + ratio + 2 * Math.sqrt(ratio) * Math.cos(angle)
    const value = Math.sqrt(squared)
    const weight = (2 * Math.sin(angle) ** 2) / (squared * POINTS)
    mean += weight * value
    entropy += weight * value * Math.log(value)
  }
  return few * mean * Math.exp(-entropy / mean)
}

const MOST_STEPS = 200
const CHECKED_EVERY = 10

/**
 * The largest singular value of (out, in / groups, ...), by power iteration until ten steps change it by
 * less than 1e-4 of itself: usually within 1% below the truth, and far faster than all values.
 */
export const spectralNorm = (weight: Tensor, groups = 1): number =>
  noGrad(() =>
    tidy(() => {
      const matrices = asMatrices(weight, groups)
      const [, outputs] = matrices.shape
      let left = cos(arange(outputs, { device: weight.device }))
        .reshape([1, outputs, 1])
        .expand([groups, outputs, 1])
      let norm = 0
      for (let step = 1; step <= MOST_STEPS; step++) {
        const right = unit(matrices.transpose(1, 2).matmul(left))
        const image = matrices.matmul(right)
        left = unit(image)
        if (step % CHECKED_EVERY > 0) continue
        const reached = linalg.vectorNorm(image, 2, [1]).amax().item()
        if (reached - norm <= 1e-4 * reached) return reached
        norm = reached
      }
      return norm
    }),
  )

const unit = (x: Tensor): Tensor => x.div(linalg.vectorNorm(x, 2, [1], true).clampMin(1e-30))
