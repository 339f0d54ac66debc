// Signal measurements that go into a run's record: on noise before the first step, on test images
// after the last.
import type { SignalRecord } from '@normfree/runs'
import { tidy } from '@normfree/torch'
import { initialSignal, type ModelOptions, measureSignal } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import { batches } from '../data/batches.ts'
import type { Session } from './session.ts'
import { toImages } from './step.ts'

/** At most so many, and of large images so many pixels. */
const BATCH = { images: 128, pixels: 128 * 224 * 224 }

/** The architecture's signal at initialisation; draws models of its own from the default random stream. */
export const signalAtInit = (
  { model, modelOptions }: RunConfig,
  numClasses: number,
): SignalRecord => initialSignal(model, { ...(modelOptions as ModelOptions), numClasses })

/** The trained model's signal on test images, in training mode. */
export async function signalAtEnd(
  { model, data, config }: Session,
  initial: SignalRecord,
): Promise<SignalRecord> {
  const affordable = Math.max(1, Math.floor(BATCH.pixels / (data.height * data.width)))
  const options = {
    batchSize: Math.min(BATCH.images, affordable, data.test.length),
    seed: 0,
    epoch: 0,
    augment: null,
    shuffle: true,
    dropLast: true,
  }
  for await (const batch of batches(data, 'test', options)) {
    const taps = tidy(() => measureSignal(model, toImages(batch, data)))
    return {
      ...initial,
      model: config.model,
      input: `${batch.size} test images, after training`,
      taps,
    }
  }
  return initial
}
