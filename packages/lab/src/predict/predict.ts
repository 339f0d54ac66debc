// What a pretrained model says of one image.
import { noGrad, type Tensor, tidy } from '@normfree/torch'
import { createPretrained, type HubOptions, preprocess } from 'normfree'
import { readLabels } from './labels.ts'
import { readImage } from './read-image.ts'

/** How {@link predict} names classes and how many it gives. */
export interface PredictOptions extends HubOptions {
  /** Name of a model of the registry. */
  model: string
  /** A file of its weights, or a model on the Hugging Face hub (see loadPretrained). */
  weights: string
  /** Text file with the names of the classes, a line each. Default: classes are numbers alone. */
  labels?: string
}

/** One class that the image may show. */
export interface Prediction {
  /** Number of the class, in the order that the weights were trained with. */
  index: number
  /** Its name; null without `labels`. */
  label: string | null
  /** 0..1, by softmax over all classes. */
  probability: number
}

const TOP = 5

/**
 * The five most likely classes of an image file, the most likely first (fewer where there are fewer
 * classes). The image is resized, cropped and normalised as the weights want it.
 *
 * @throws DataError for an image or labels that cannot be used; WeightsError and UnknownModelError as
 * createPretrained
 */
export async function predict(image: string, options: PredictOptions): Promise<Prediction[]> {
  const { model: name, weights, labels: labelsFile, ...hub } = options
  const pixels = await readImage(image)
  const { model, preprocessing } = await createPretrained(name, weights, hub)
  const logits = noGrad(() => tidy(() => model.eval()(preprocess(pixels, preprocessing))))
  const labels = labelsFile ? await readLabels(labelsFile, logits.shape[1]) : null
  return mostLikely(logits).map(([index, probability]) => ({
    index,
    label: labels?.[index] ?? null,
    probability,
  }))
}

/** Class numbers and probabilities of logits (1, classes). */
function mostLikely(logits: Tensor): [index: number, probability: number][] {
  const probabilities = tidy(() => logits.to('float64').softmax(1).toArray()) as number[][]
  return Array.from(probabilities[0].entries())
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
}
