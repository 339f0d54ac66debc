// Loss and score over the test split, in evaluation mode.
import { noGrad, tidy } from '@normfree/torch'
import { batches } from '../data/batches.ts'
import { withPrecision } from './precision.ts'
import type { Session } from './session.ts'
import { toImages } from './step.ts'
import type { TaskResult } from './task.ts'
import { viewOf } from './view.ts'

/** What a model, and the average of its weights, make of the test split. */
export interface Evaluation extends TaskResult {
  /** By the averaged weights; null where no average is kept. */
  readonly average: TaskResult | null
}

/** Pixels of a batch: 500 images of CIFAR, fewer of larger ones. */
const BATCH_PIXELS = 500 * 32 * 32

/**
 * Evaluates the model on the test split, each batch with the weights as they are and with their
 * average; the model's training mode and weights are restored.
 */
export async function evaluate(session: Session): Promise<Evaluation> {
  const { model, data, config, task, average } = session
  const meter = task.meter()
  const averageMeter = average && task.meter()
  model.eval()
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
        const images = toImages(batch, data)
        const target = task.target(batch, data)
        const outputs = () => withPrecision(session.precision, () => model(images)).to('float32')
        meter.add(outputs(), target)
        average?.use(() => averageMeter?.add(outputs(), target))
      }),
    )
  model.train()
  return { ...meter.result(), average: averageMeter?.result() ?? null }
}
