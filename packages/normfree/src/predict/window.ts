// What windows over an image make of moments: convolutions by their kernels' own statistics, means
// and maxima.
import { noGrad, type Tensor, tidy } from '@normfree/torch'
import { cellsUnder, type Grid, type Slide } from './grid.ts'
import { build, type Moments } from './moments.ts'
import { type Cell, maximum } from './shape.ts'

/** How a window moves over the image. */
export interface Window {
  rows: Slide
  columns: Slide
}

/** Statistics of a kernel (O, K, taps), means over its output channels. */
interface KernelStatistics {
  taps: number
  /** Of sum_k W_k(t): what a common mean of the inputs is multiplied by. (taps) */
  rowSums: ArrayLike<number>
  /** Of (sum_k W_k(t)) (sum_k W_k(t')). (taps x taps) */
  rowProducts: ArrayLike<number>
  /** Of sum_k W_k(t) W_k(t'): for inputs that are independent of each other. (taps x taps) */
  products: ArrayLike<number>
}

/** Statistics of a kernel of shape (O, K, ...), whatever its groups. */
export function kernelStatistics(kernel: Tensor): KernelStatistics {
  const [outputs, inputs, ...sides] = kernel.shape
  const taps = sides.reduce((count, side) => count * side, 1)
  const read = (tensor: Tensor) => tensor.contiguous().data() as Float32Array
  return noGrad(() =>
    tidy(() => {
      const weights = kernel.detach().to('float32').reshape([outputs, inputs, taps])
      const rows = weights.sum([1])
      const flat = weights.reshape([outputs * inputs, taps])
      return {
        taps,
        rowSums: Array.from(read(rows.mean([0]))),
        rowProducts: Array.from(read(rows.t().matmul(rows).div(outputs))),
        products: Array.from(read(flat.t().matmul(flat).div(outputs))),
      }
    }),
  )
}

/** Where a convolution reads: cells under its taps, for every cell of its output. */
class Reading {
  readonly cells: Int32Array
  readonly taps: number
  readonly x: Moments

  constructor(x: Moments, to: Grid, { rows, columns }: Window) {
    this.x = x
    this.cells = cellsUnder(x.grid, to, rows, columns)
    this.taps = rows.kernel * columns.kernel
  }

  /** `values` of x under each tap, 0 outside. */
  under(values: Float64Array, cell: number): Float64Array {
    return Float64Array.from({ length: this.taps }, (_, tap) => {
      const from = this.cells[cell * this.taps + tap]
      return from < 0 ? 0 : values[from]
    })
  }

  /** The same, averaged over all positions of the output. */
  average(values: Float64Array, to: Grid): Float64Array {
    const sum = new Float64Array(this.taps)
    for (let cell = 0; cell < to.length; cell++)
      this.under(values, cell).forEach((value, tap) => {
        sum[tap] += to.weights[cell] * value
      })
    return sum
  }
}

/**
 * A convolution without its bias. The channels' means become means by the kernel's row sums; where
 * zero padding cuts taps off, they come out differently from inside, which is variance over the
 * positions: each output channel's mean at a position is split into what goes along with its mean over all
 * positions, and the rest.
 */
export function convolved(x: Moments, kernel: KernelStatistics, window: Window, to: Grid): Moments {
  const reading = new Reading(x, to, window)
  const [meanTaps, spreadTaps] = [reading.average(x.mean, to), reading.average(x.spread, to)]
  const pair = (spread: Float64Array, mean: Float64Array, spread2 = spread, mean2 = mean) =>
    bilinear(kernel.products, spread, spread2) + bilinear(kernel.rowProducts, mean, mean2)
  const total = pair(spreadTaps, meanTaps)
  return build(to, cell => {
    const [means, spreads] = [reading.under(x.mean, cell), reading.under(x.spread, cell)]
    const variances = reading.under(x.variance, cell)
    const mean = means.reduce((sum, value, tap) => sum + value * kernel.rowSums[tap], 0)
    const square = pair(spreads, means)
    const along = total > 0 ? pair(spreads, means, spreadTaps, meanTaps) ** 2 / total : 0
    const noise = variances.reduce(
      (sum, value, tap) => sum + value * kernel.products[tap * (kernel.taps + 1)],
      0,
    )
    return {
      mean,
      spread: Math.sqrt(Math.max(along - mean ** 2, 0)),
      variance: noise + Math.max(square - Math.max(along, mean ** 2), 0),
    }
  })
}

/** left^T M right */
function bilinear(matrix: ArrayLike<number>, left: Float64Array, right: Float64Array): number {
  const size = left.length
  let sum = 0
  for (let i = 0; i < size; i++) {
    if (left[i] === 0) continue
    let row = 0
    for (let j = 0; j < size; j++) row += matrix[i * size + j] * right[j]
    sum += left[i] * row
  }
  return sum
}

/** How a mean over a window is taken. */
export interface Averaging {
  /** Zero padding counts as elements. */
  countPadding: boolean
  /** Neighbours are equal, and not independent: their mean has their variance. */
  smooth: boolean
}

/** The mean over each window, channel by channel. */
export function windowMeans(
  x: Moments,
  window: Window,
  to: Grid,
  { countPadding, smooth }: Averaging,
): Moments {
  const reading = new Reading(x, to, window)
  const { taps, cells } = reading
  const mean = (cell: number): Cell => {
    const inside = cells.subarray(cell * taps, (cell + 1) * taps).filter(from => from >= 0)
    const share = 1 / (countPadding ? taps : inside.length)
    const total = (values: Float64Array) => inside.reduce((sum, from) => sum + values[from], 0)
    return {
      mean: share * total(x.mean),
      spread: share * total(x.spread),
      variance: (smooth ? share : share ** 2) * total(x.variance),
    }
  }
  return smooth || taps === 1 ? build(to, mean, x.shape) : build(to, mean)
}

/** The largest in each window. What is padded with -Infinity never wins. */
export function windowMaxima(x: Moments, window: Window, to: Grid): Moments {
  const { taps, cells } = new Reading(x, to, window)
  const maxima = Array.from({ length: taps + 1 }, (_, count) => maximum(x.shape, count))
  const largest = (cell: number): Cell => {
    const inside = [...cells.subarray(cell * taps, (cell + 1) * taps)].filter(
      from => from >= 0 && x.mean[from] !== Number.NEGATIVE_INFINITY,
    )
    const average = (values: Float64Array) =>
      inside.reduce((sum, from) => sum + values[from], 0) / inside.length
    const variance = average(x.variance)
    const above = maxima[inside.length]
    return {
      mean: average(x.mean) + Math.sqrt(variance) * above.mean,
      spread: average(x.spread),
      variance: variance * above.variance,
    }
  }
  return build(to, largest, maxima[taps].shape)
}
