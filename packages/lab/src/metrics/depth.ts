// How well depths were predicted: the five figures of Eigen et al. 2014 that NYU Depth v2 is judged by.
import { ArgumentError } from '@normfree/torch'

/** Over all pixels with a known depth; NaN before any. */
export interface DepthFigures {
  /** Shares of pixels with max(pred / gt, gt / pred) below 1.25, 1.25^2 and 1.25^3. */
  delta1: number
  delta2: number
  delta3: number
  /** Root of the mean squared error, in metres. */
  rms: number
  /** Mean of |pred - gt| / gt. */
  rel: number
}

/** Sums up errors over any number of batches. */
export class DepthMetrics {
  readonly #within = [0, 0, 0]
  #squares = 0
  #relative = 0
  #pixels = 0

  /**
   * Adds predicted depths and the true ones of the same pixels, in metres; true depths that are not
   * above 0 are unknown and do not count. A prediction that is not above 0 is within no ratio.
   *
   * @throws ArgumentError when the lengths differ
   */
  add(predicted: ArrayLike<number>, truth: ArrayLike<number>): void {
    if (predicted.length !== truth.length)
      throw new ArgumentError(
        `Expected as many \`predicted\` as \`truth\` but received ${predicted.length} and ${truth.length}.`,
      )
    for (let i = 0; i < truth.length; i++)
      if (truth[i]! > 0) this.#addPixel(predicted[i]!, truth[i]!)
  }

  #addPixel(predicted: number, truth: number): void {
    const error = Math.abs(predicted - truth)
    const ratio = predicted > 0 ? Math.max(predicted / truth, truth / predicted) : Infinity
    this.#within.forEach((count, k) => {
      this.#within[k] = count + Number(ratio < 1.25 ** (k + 1))
    })
    this.#squares += error * error
    this.#relative += error / truth
    this.#pixels += 1
  }

  /** The figures over all that was added. */
  figures(): DepthFigures {
    const [delta1, delta2, delta3] = this.#within.map(count => count / this.#pixels)
    return {
      ...{ delta1: delta1!, delta2: delta2!, delta3: delta3! },
      rms: Math.sqrt(this.#squares / this.#pixels),
      rel: this.#relative / this.#pixels,
    }
  }
}
