// Tasks whose answers are maps: a class, or a depth, for each pixel.
import { from, nn, type Tensor, tidy } from '@normfree/torch'
import { createDepthModel, createSegmentationModel } from 'normfree'
import { UNKNOWN } from '../data/dense/geometry.ts'
import type { PixelMap } from '../data/dense/sample.ts'
import { DepthMetrics } from '../metrics/depth.ts'
import { reverseHuber } from '../metrics/reverse-huber.ts'
import { ConfusionMatrix } from '../metrics/segmentation.ts'
import type { Meter, Target, Task, TaskResult } from './task.ts'

/** A map's values as `[N, ...]`, none of them shared with others. */
const target = (map: PixelMap | undefined, shape: readonly number[]): Tensor =>
  from(map ?? new Uint8Array(), [...shape])

/** Classes of pixels: cross-entropy over those that have one, judged by the mean IoU. */
export const segmentation: Task = {
  kind: 'segmentation',
  score: { name: 'mean IoU', unit: '%' },
  outputs: data => data.classes.length,
  createModel: (name, options) => createSegmentationModel(name, options),
  target: ({ map, size }, { height, width }) => ({
    truth: target(map, [size, height, width]).to('int64'),
    shares: null,
  }),
  terms: ({ truth }) => truth.ne(UNKNOWN).sum().item(),
  loss: (outputs, { truth }, { labelSmoothing }) => pixelLoss(outputs, truth, labelSmoothing),
  // Of the whole batch: one image has too few of the classes.
  correct: (outputs, { truth }) => {
    const [size = 0, classes = 0] = outputs.shape
    return size * (addTo(new ConfusionMatrix(classes), outputs, truth).meanIoU() || 0)
  },
  meter: () => new SegmentationMeter(),
}

/** Mean over the pixels that have a class; 0 where none has. */
function pixelLoss(outputs: Tensor, truth: Tensor, labelSmoothing = 0): Tensor {
  const options = { reduction: 'sum', ignoreIndex: UNKNOWN, labelSmoothing } as const
  const known = truth.ne(UNKNOWN).sum().clamp(1)
  return nn.functional.crossEntropy(outputs, truth, options).div(known)
}

const bytesOf = (map: Tensor): Uint8Array => map.to('uint8').contiguous().data() as Uint8Array

function addTo(confusion: ConfusionMatrix, outputs: Tensor, truth: Tensor): ConfusionMatrix {
  tidy(() => void confusion.add(bytesOf(outputs.argmax(1)), bytesOf(truth), UNKNOWN))
  return confusion
}

class SegmentationMeter implements Meter {
  #confusion: ConfusionMatrix | null = null
  #loss = 0
  #pixels = 0

  add(outputs: Tensor, { truth, shares }: Target): void {
    this.#confusion ??= new ConfusionMatrix(outputs.shape[1]!)
    const known = segmentation.terms({ truth, shares })
    this.#loss += pixelLoss(outputs, truth).item() * known
    this.#pixels += known
    addTo(this.#confusion, outputs, truth)
  }

  result(): TaskResult {
    return {
      loss: this.#loss / this.#pixels,
      score: this.#confusion?.meanIoU() ?? Number.NaN,
      metrics: { pixelAccuracy: this.#confusion?.pixelAccuracy() ?? Number.NaN },
    }
  }
}

/** Depths of pixels: reverse Huber loss over those that are known, judged by the share within 25%. */
export const depth: Task = {
  kind: 'depth',
  score: { name: 'share of depths within a factor of 1.25', unit: '%' },
  outputs: () => 1,
  createModel: (name, { numClasses: _, ...options }) => createDepthModel(name, options),
  target: ({ map, size }, { height, width }) => ({
    truth: target(map, [size, 1, height, width]),
    shares: null,
  }),
  terms: ({ truth }) => truth.gt(0).sum().item(),
  loss: (outputs, { truth }) => reverseHuber(outputs, truth),
  correct: (outputs, { truth }) =>
    (outputs.shape[0] ?? 0) * (addDepths(new DepthMetrics(), outputs, truth).figures().delta1 || 0),
  meter: () => new DepthMeter(),
}

const numbersOf = (map: Tensor): Float32Array => map.contiguous().data() as Float32Array

function addDepths(metrics: DepthMetrics, outputs: Tensor, truth: Tensor): DepthMetrics {
  tidy(() => void metrics.add(numbersOf(outputs.detach()), numbersOf(truth)))
  return metrics
}

/** The loss is the mean of the batches', whose largest errors it depends on, by known pixels. */
class DepthMeter implements Meter {
  readonly #metrics = new DepthMetrics()
  #loss = 0
  #pixels = 0

  add(outputs: Tensor, { truth, shares }: Target): void {
    const known = depth.terms({ truth, shares })
    this.#loss += reverseHuber(outputs, truth).item() * known
    this.#pixels += known
    addDepths(this.#metrics, outputs, truth)
  }

  result(): TaskResult {
    const { delta1, ...others } = this.#metrics.figures()
    return { loss: this.#loss / this.#pixels, score: delta1, metrics: { ...others } }
  }
}
