// What differs between the tasks that a net is trained for: its outputs, its loss, and what counts as
// a good answer. Training and evaluation know no more of a task than this.
import { from, nn, type Tensor } from '@normfree/torch'
import { createModel, type ModelOptions } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import type { Batch } from '../data/batches.ts'
import type { ImageData } from '../data/types.ts'
import { depth, segmentation } from './dense-tasks.ts'

/** What the outputs for a batch should be. */
export interface Target {
  /**
   * The answers: class numbers (N) int64 in classification, (N, H, W) int64 in segmentation with 255 for
   * none, depths (N, 1, H, W) float32 in metres with 0 for none.
   */
  readonly truth: Tensor
  /** What the loss is taken of where that is not `truth`: class shares (N, classes) of mixed images. */
  readonly shares: Tensor | null
}

/** Figures of a split. */
export interface TaskResult {
  /** Mean loss, without regularization such as label smoothing. */
  readonly loss: number
  /** The task's score: a fraction 0..1, higher is better. */
  readonly score: number
  /** Further figures by name. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Collects the outputs of a split. */
export interface Meter {
  /** @param outputs float32, of one batch. */
  add(outputs: Tensor, target: Target): void
  /** The figures of all that was added. */
  result(): TaskResult
}

/** One task. */
export interface Task {
  readonly kind: 'classification' | 'segmentation' | 'depth'
  readonly score: { readonly name: string; readonly unit: string }
  /** The model's `numClasses`. */
  outputs(data: ImageData): number
  /** The registry's model of this name, or a dense model on it. */
  createModel(name: string, options: ModelOptions): nn.Module
  /** The target of a batch. */
  target(batch: Batch, data: ImageData): Target
  /** How many terms the loss of such a target is the mean of: the weight of a part of a batch. */
  terms(target: Target): number
  /** The loss to train by, a scalar; `outputs` is float32. */
  loss(outputs: Tensor, target: Target, config: RunConfig): Tensor
  /** The score summed over the samples of a training batch. */
  correct(outputs: Tensor, target: Target): number
  /** Collects the outputs of a whole split, for its figures. */
  meter(): Meter
}

/** The task that the data are for. */
export function taskOf({ train }: ImageData): Task {
  if (!('places' in train)) return classification
  return train.maps === 'classes' ? segmentation : depth
}

const classification: Task = {
  kind: 'classification',
  score: { name: 'top-1 accuracy', unit: '%' },
  outputs: data => data.classes.length,
  createModel,
  target: (batch, data) => ({
    truth: from(batch.labels).to('int64'),
    shares: sharesOf(batch, data.classes.length),
  }),
  terms: ({ truth }) => truth.numel,
  loss: (outputs, { truth, shares }, { labelSmoothing }) =>
    nn.functional.crossEntropy(outputs, shares ?? truth, { labelSmoothing }),
  correct: (outputs, { truth }) => outputs.argmax(1).eq(truth).sum().item(),
  meter: () => new ClassificationMeter(),
}

/** Class shares of mixed images; labels are smoothed after mixing, by the loss. */
function sharesOf({ labels, size, mixed }: Batch, classes: number): Tensor | null {
  if (!mixed) return null
  const target = new Float32Array(size * classes)
  for (let i = 0; i < size; i++) {
    target[i * classes + labels[i]!]! += mixed.weights[i]!
    target[i * classes + mixed.partners[i]!]! += 1 - mixed.weights[i]!
  }
  return from(target, [size, classes])
}

/** Mean cross-entropy and share of right answers. */
class ClassificationMeter implements Meter {
  #loss = 0
  #correct = 0
  #images = 0

  add(outputs: Tensor, target: Target): void {
    this.#loss += nn.functional.crossEntropy(outputs, target.truth, { reduction: 'sum' }).item()
    this.#correct += classification.correct(outputs, target)
    this.#images += target.truth.numel
  }

  result(): TaskResult {
    return { loss: this.#loss / this.#images, score: this.#correct / this.#images, metrics: {} }
  }
}
