// The program of a process that trains one run of a plan; childTrainer starts it.

import { loadData } from '../data/load.ts'
import type { LoadOptions } from '../data/types.ts'
import { train } from '../train/train.ts'
import { serveRun } from './serve-run.ts'
import type { TrainOptions } from './trainer.ts'

/** Milliseconds between messages: loaders report every image. */
const PAUSE = 100

serveRun(async (config, options) => {
  const { signal, onEvent } = options
  const data = await loadData(config.data, {
    ...(signal && { signal }),
    onProgress: nowAndThen(onEvent),
  })
  return train(config, { ...options, data })
})

function nowAndThen(onEvent: TrainOptions['onEvent']): NonNullable<LoadOptions['onProgress']> {
  let last = Number.NEGATIVE_INFINITY
  return (done, total, what) => {
    const now = performance.now()
    if (now - last < PAUSE && done !== total) return
    last = now
    onEvent?.({ kind: 'loading', done, total, what })
  }
}
