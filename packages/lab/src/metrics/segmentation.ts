// How well classes were given to pixels: the confusion matrix, and what is read off it.
import { ArgumentError } from '@normfree/torch'

/**
 * Counts how often each class was taken for each other, over any number of batches.
 *
 * @example
 * const confusion = new ConfusionMatrix(21)
 * confusion.add(predicted, labels)
 * confusion.meanIoU()
 */
export class ConfusionMatrix {
  readonly #counts: Float64Array
  readonly numClasses: number

  /** @param numClasses - 21 for Pascal VOC, the background among them */
  constructor(numClasses: number) {
    this.numClasses = numClasses
    this.#counts = new Float64Array(numClasses * numClasses)
  }

  /**
   * Adds predictions and the labels of the same pixels; those labelled `ignore` (void) do not count.
   *
   * @param predicted - class numbers, one a pixel
   * @param labels - as many
   * @param ignore - default 255, Pascal VOC's border
   * @throws ArgumentError when the lengths differ, or a number is no class
   */
  add(predicted: ArrayLike<number>, labels: ArrayLike<number>, ignore = 255): void {
    if (predicted.length !== labels.length)
      throw new ArgumentError(
        `Expected as many \`predicted\` as \`labels\` but received ${predicted.length} and ${labels.length}.`,
      )
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === ignore) continue
      this.#counts[this.#known(labels[i]!) * this.numClasses + this.#known(predicted[i]!)]! += 1
    }
  }

  #known(label: number): number {
    if (Number.isInteger(label) && label >= 0 && label < this.numClasses) return label
    throw new ArgumentError(
      `Expected classes 0 to ${this.numClasses - 1} for \`labels\` and \`predicted\` but received ${label}.`,
    )
  }

  /** How often class `label` was taken for class `predicted`. */
  at(label: number, predicted: number): number {
    return this.#counts[this.#known(label) * this.numClasses + this.#known(predicted)]!
  }

  /** Of each class, pixels rightly given it over pixels that have it or were given it; NaN where there are none. */
  iou(): number[] {
    const classes = Array.from({ length: this.numClasses }, (_, i) => i)
    return classes.map(own => {
      const right = this.at(own, own)
      const either = classes.reduce((sum, k) => sum + this.at(own, k) + this.at(k, own), 0) - right
      return right / either
    })
  }

  /** Mean of {@link iou} over the classes that occur (Everingham et al. 2010); NaN before any pixel. */
  meanIoU(): number {
    const occurring = this.iou().filter(value => !Number.isNaN(value))
    return occurring.reduce((sum, value) => sum + value, 0) / occurring.length
  }

  /** Share of the pixels that were given their class; NaN before any pixel. */
  pixelAccuracy(): number {
    const right = Array.from({ length: this.numClasses }, (_, k) => this.at(k, k))
    const total = this.#counts.reduce((sum, count) => sum + count, 0)
    return right.reduce((sum, count) => sum + count, 0) / total
  }
}
