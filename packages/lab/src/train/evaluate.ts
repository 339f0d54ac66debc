// Loss and accuracy over a split, in evaluation mode.
import { nn, noGrad, tidy } from '@normfree/torch'
import { batches } from '../data/batches.ts'
import type { Session } from './session.ts'
import { countCorrect, toTensors, withPrecision } from './step.ts'

export interface Evaluation {
  /** Mean cross-entropy, without label smoothing. */
  loss: number
  accuracy: number
}

const BATCH = 500

/** Evaluates the model on the test split; its training mode is restored. */
export async function evaluate({ model, data, precision }: Session): Promise<Evaluation> {
  model.eval()
  let loss = 0
  let correct = 0
  for await (const batch of batches(data, 'test', {
    batchSize: BATCH,
    seed: 0,
    epoch: 0,
    augment: null,
    shuffle: false,
    dropLast: false,
  }))
    noGrad(() =>
      tidy(() => {
        const { images, labels } = toTensors(batch, data)
        const logits = withPrecision(precision, () => model(images)).to('float32')
        loss += nn.functional.crossEntropy(logits, labels, { reduction: 'sum' }).item()
        correct += countCorrect(logits, labels)
      }),
    )
  model.train()
  return { loss: loss / data.test.length, accuracy: correct / data.test.length }
}
