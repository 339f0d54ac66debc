// One run, from its configuration to its record: reads from top to bottom.
import { basename, join } from 'node:path'
import {
  createRun,
  type MetricsWriter,
  openMetrics,
  RUN_FORMAT,
  type RunConfigJson,
  type SignalRecord,
} from '@normfree/runs'
import { saveSafetensors } from '@normfree/torch'
import { countMacs, findPretrained, modelEntry } from 'normfree'
import type { RunSummary, TrainOptions } from '../ablate/trainer.ts'
import type { RunConfig } from '../config/schema.ts'
import { batches } from '../data/batches.ts'
import { loadData } from '../data/load.ts'
import { describeEnvironment } from './environment.ts'
import { DivergedError } from './errors.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { resolutionAt } from './resolution.ts'
import { createSession, type Session } from './session.ts'
import { signalAtEnd, signalAtInit } from './signal.ts'
import { trainStep } from './step.ts'

/** A step is recorded every so many, and the last of each epoch. */
const RECORD_EVERY = 10

/**
 * Trains `config` and keeps its record in `options.dir`: run.json, metrics.jsonl, and the weights
 * after the last epoch as weights.safetensors, their average, where one is kept, as
 * weights.ema.safetensors. A run that diverges or is interrupted ends with a
 * line that says so; everything else that goes wrong is thrown.
 *
 * @throws TrainError for a configuration that the data cannot serve; DataError from loading;
 *   WeightsError for `weights` that do not fit; RunRecordError when `options.dir` already holds a run.
 */
export async function train(config: RunConfig, options: TrainOptions): Promise<RunSummary> {
  const data =
    options.data ?? (await loadData(config.data, options.signal ? { signal: options.signal } : {}))
  const weights = config.weights === undefined ? undefined : await findPretrained(config.weights)
  const session = createSession(config, data, weights)
  createRun(options.dir, headerOf(session, options))
  const metrics = openMetrics(options.dir)
  const started = performance.now()
  options.onEvent?.({
    kind: 'start',
    totalSteps: session.totalSteps,
    stepsPerEpoch: session.stepsPerEpoch,
    model: config.model,
    parameters: session.parameters,
  })
  try {
    const initial = signalAtInit(config, session.task.outputs(data))
    metrics.append({ kind: 'signal', when: 'init', signal: initial })
    const outcome = await trainEpochs(session, metrics, options)
    if (outcome.status === 'completed') await keepResult(session, metrics, initial, options.dir)
    const message = outcome.message === undefined ? {} : { message: outcome.message }
    metrics.append({
      kind: 'end',
      status: outcome.status,
      ...message,
      seconds: secondsSince(started),
    })
    options.onEvent?.({ kind: 'end', status: outcome.status, ...message })
    return { dir: options.dir, ...outcome }
  } finally {
    metrics.close()
  }
}

type Outcome = Omit<RunSummary, 'dir'>

async function trainEpochs(
  session: Session,
  metrics: MetricsWriter,
  options: TrainOptions,
): Promise<Outcome> {
  let testAccuracy = Number.NaN
  try {
    for (let epoch = 1; epoch <= session.config.epochs; epoch++) {
      const trained = await trainEpoch(session, epoch, metrics, options)
      if (trained === 'interrupted') return { status: 'interrupted', testAccuracy }
      const tested = await evaluate(session)
      testAccuracy = tested.score
      session.schedule.epochEnd(testAccuracy)
      const result = {
        epoch,
        ...trained,
        testLoss: tested.loss,
        testAccuracy,
        ...ofAverage(tested),
        ...(Object.keys(tested.metrics).length > 0 && { testMetrics: tested.metrics }),
      }
      metrics.append({ kind: 'epoch', step: epoch * session.stepsPerEpoch, ...result })
      options.onEvent?.({ kind: 'epoch', ...result })
    }
    return { status: 'completed', testAccuracy }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error
    return { status: 'diverged', testAccuracy, message: error.message }
  }
}

const ofAverage = ({ average }: Evaluation) =>
  average && { emaLoss: average.loss, emaAccuracy: average.score }

/** Means over one epoch; seconds are those of training alone. */
type EpochMeans = {
  trainLoss: number
  trainAccuracy: number
  seconds: number
  imagesPerSecond: number
}

async function trainEpoch(
  session: Session,
  epoch: number,
  metrics: MetricsWriter,
  { signal, onEvent }: TrainOptions,
): Promise<EpochMeans | 'interrupted'> {
  const { config, data, schedule, average, stepsPerEpoch } = session
  const resolution = resolutionAt(config, epoch)
  const started = performance.now()
  const totals = { loss: 0, correct: 0, images: 0, steps: 0 }
  const means = (): EpochMeans => ({
    trainLoss: totals.loss / totals.steps,
    trainAccuracy: totals.correct / totals.images,
    seconds: secondsSince(started),
    imagesPerSecond: totals.images / secondsSince(started),
  })
  for await (const batch of batches(data, 'train', {
    batchSize: config.batchSize,
    seed: config.seed,
    epoch,
    augment: config.augment,
    shuffle: true,
    dropLast: true,
    ...(config.workers && { workers: config.workers }),
  })) {
    if (signal?.aborted) return 'interrupted'
    const step = (epoch - 1) * stepsPerEpoch + totals.steps
    const lr = schedule.at(step)
    const result = trainStep(session, batch, lr, resolution)
    average?.update()
    totals.loss += result.loss
    totals.correct += result.correct
    totals.images += batch.size
    totals.steps += 1
    const { loss, gradNorm, clipFraction } = result
    const clipping = config.clip.kind === 'none' ? {} : { clipFraction }
    if (step % RECORD_EVERY === 0 || totals.steps === stepsPerEpoch)
      metrics.append({ kind: 'step', step: step + 1, epoch, loss, lr, gradNorm, ...clipping })
    const { trainAccuracy, imagesPerSecond } = means()
    onEvent?.({ kind: 'step', step: step + 1, loss, accuracy: trainAccuracy, imagesPerSecond, lr })
  }
  return signal?.aborted ? 'interrupted' : means()
}

async function keepResult(
  session: Session,
  metrics: MetricsWriter,
  initial: SignalRecord,
  dir: string,
): Promise<void> {
  metrics.append({ kind: 'signal', when: 'end', signal: await signalAtEnd(session, initial) })
  saveSafetensors(join(dir, 'weights.safetensors'), session.model.stateDict())
  if (session.average)
    saveSafetensors(join(dir, 'weights.ema.safetensors'), session.average.stateDict().averages)
}

function headerOf(
  { config, data, parameters, model, precision }: Session,
  { dir, name, plan, command }: TrainOptions,
) {
  return {
    format: RUN_FORMAT,
    id: basename(dir),
    name,
    ...(plan !== undefined && { plan }),
    seed: config.seed,
    created: new Date().toISOString(),
    command,
    config: config as unknown as RunConfigJson,
    environment: { ...describeEnvironment(precision), ...(data.note && { data: data.note }) },
    model: {
      name: config.model,
      parameters,
      macs: countMacs(model, modelEntry(config.model).resolution),
    },
  } as const
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000
