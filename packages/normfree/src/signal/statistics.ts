// What is measured of one activation, whatever it is an activation of. Tensors of one number stay on
// their device until all are read together.
import { batchNormUpdateStats, linalg, noGrad, stack, type Tensor, tidy } from '@normfree/torch'

/** Two of the three statistics of a signal propagation plot (NF-ResNets, section 3). */
export interface ChannelStatistics {
  squaredMean: number
  variance: number
}

/**
 * Statistics of (N, C, H, W) or (N, C): mean over channels of (mean over N, H, W)^2 and of the biased
 * variance.
 */
export function channelStatistics(x: Tensor): ChannelStatistics {
  const [squaredMean, variance] = read(channelMoments(x))
  return { squaredMean, variance }
}

/** What {@link channelStatistics} gives, in that order, as tensors of one number. */
export const channelMoments = (x: Tensor): [squaredMean: Tensor, variance: Tensor] =>
  quietly(() => {
    const float = x.detach().to('float32')
    // What batch norm computes of its batch: several times faster than var_mean, in float64 inside.
    const [mean, variance] = momentsOfSums(float) ?? batchNormUpdateStats(float, null, null, 0)
    return [mean.square().mean(), variance.mean()]
  })

/** Beyond this mean^2 / variance, E x^2 - (E x)^2 loses more than three of float32's seven digits. */
const LARGEST_RATIO = 1e3
/** Sums of squares of what has a larger variance may overflow. */
const LARGEST_VARIANCE = 1e30

/**
 * Mean and variance of each channel from sums and norms of its planes, which take a sixth of the time
 * where planes lie in one piece; null where that is not so, and where the difference of squares would
 * not be exact.
 */
function momentsOfSums(x: Tensor): [mean: Tensor, variance: Tensor] | null {
  if (x.dim !== 4 || !x.device.startsWith('cpu') || !x.isContiguous()) return null
  const count = x.numel / x.shape[1]
  const mean = x.sum([2, 3]).sum(0).div(count)
  const squared = mean.square()
  const variance = linalg.vectorNorm(x, 2, [2, 3]).square().sum(0).div(count).sub(squared)
  const exact = squared.le(variance.mul(LARGEST_RATIO)).logicalAnd(variance.lt(LARGEST_VARIANCE))
  return exact.all().item() === 1 ? [mean, variance] : null
}

/** The mean of all elements. */
export const activationMean = (x: Tensor): Tensor => quietly(() => x.to('float32').mean())

/** The mean over samples and positions of the Euclidean norm over channels. */
export const pixelNorm = (x: Tensor): Tensor =>
  quietly(() => linalg.vectorNorm(x.to('float32'), 2, [1]).mean())

/**
 * The mean of |correlation| over all pairs of two channels, over samples and positions. Channels that do
 * not vary are left out; null where fewer than two do.
 */
export const channelCorrelation = (x: Tensor): Tensor | null =>
  quietly(() => {
    const channels = x.shape[1]
    const rows = x.to('float32').transpose(0, 1).reshape([channels, -1])
    const centred = rows.sub(rows.mean([1], true))
    const norms = linalg.vectorNorm(centred, 2, [1], true)
    const unit = centred.div(norms.clampMin(Number.MIN_VALUE)).nanToNum(0, 0, 0)
    const varying = norms.gt(0).sum().item()
    if (varying < 2) return null
    const sum = unit.matmul(unit.t()).abs().sum()
    return sum.sub(varying).div(varying * (varying - 1))
  })

/** How many channels of an activation there are, and how many of them are 0 everywhere. */
export const deadChannels = (x: Tensor): { dead: Tensor; channels: number } => ({
  dead: quietly(() => x.abs().amax(besideChannels(x)).eq(0).sum().to('float32')),
  channels: x.shape[1],
})

/** Every dimension but that of the channels, of (N, C, H, W) or (N, C). */
const besideChannels = ({ dim }: Tensor): number[] => [0, 2, 3].slice(0, dim - 1)

/** Runs `work` unrecorded and releases what it does not return. */
export const quietly = <T>(work: () => T): T => noGrad(() => tidy(work))

/** The numbers of tensors that hold one each, read at once. */
export const read = (tensors: readonly Tensor[]): number[] =>
  tensors.length === 0
    ? []
    : quietly(() =>
        Array.from(stack(tensors.map(each => each.to('float32'))).data() as Float32Array),
      )
