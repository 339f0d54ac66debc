// Loss and accuracy over a split, in evaluation mode.
import { nn, noGrad, tidy } from '@normfree/torch'
import { batches } from '../data/batches.ts'
import type { Session } from './session.ts'
import { countCorrect, toTensors, withPrecision } from './step.ts'
import { viewOf } from './view.ts'

export interface Evaluation {
  /** Mean cross-entropy, without label smoothing. */
  loss: number
  accuracy: number
}

/** Pixels of a batch: 500 images of CIFAR, fewer of larger ones. */
const BATCH_PIXELS = 500 * 32 * 32

/** Evaluates the model on the test split; its training mode is restored. */
export async function evaluate({ model, data, config, precision }: Session): Promise<Evaluation> {
  model.eval()
  let loss = 0
  let correct = 0
  let images = 0
  for await (const batch of batches(data, 'test', {
    batchSize: Math.max(1, Math.floor(BATCH_PIXELS / (data.height * data.width))),
    seed: 0,
    epoch: 0,
    augment: null,
    shuffle: false,
    dropLast: false,
    view: viewOf(config, data.height),
    ...(config.workers && { workers: config.workers }),
  }))
    noGrad(() =>
      tidy(() => {
        const input = toTensors(batch, data)
        const { labels } = input
        const logits = withPrecision(precision, () => model(input.images)).to('float32')
        loss += nn.functional.crossEntropy(logits, labels, { reduction: 'sum' }).item()
        correct += countCorrect(logits, labels)
        images += batch.size
      }),
    )
  model.train()
  return { loss: loss / images, accuracy: correct / images }
}
