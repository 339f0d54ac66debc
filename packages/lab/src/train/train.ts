// One run, from its configuration to its record: reads from top to bottom.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isRun, readRun } from '@normfree/runs'
import { saveSafetensors, type Tensor } from '@normfree/torch'
import { withLock } from '../ablate/lock.ts'
import { endedRun } from '../ablate/previous-run.ts'
import type { RunSummary, TrainOptions } from '../ablate/trainer.ts'
import type { RunConfig } from '../config/schema.ts'
import { type Batch, batches } from '../data/batches.ts'
import { loadData } from '../data/load.ts'
import { orSayWhy } from './checkpoints.ts'
import { DivergedError, TrainError } from './errors.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import type { Precision } from './precision.ts'
import { resolutionAt } from './resolution.ts'
import { rollBack } from './rollback.ts'
import { openRun, type Run, save } from './run.ts'
import { createSession, type Session } from './session.ts'
import { signalAtEnd } from './signal.ts'
import { noTotals } from './state.ts'
import { trainStep } from './step.ts'

/** A step is recorded every so many, and the last of each epoch. */
const RECORD_EVERY = 10

/**
 * Trains `config` and keeps its record in `options.dir`: run.json, metrics.jsonl, checkpoints, and
 * the weights after the last epoch as weights.safetensors, their average, where one is kept, as
 * weights.ema.safetensors. A run that diverges or is interrupted ends with a line that says so;
 * everything else that goes wrong is thrown.
 *
 * With `options.resume` a run that is in `options.dir` already goes on from its newest checkpoint:
 * on the same machine it ends with the weights, bit for bit, and the metrics of one that was never
 * stopped. One that has ended is left as it is.
 *
 * @throws TrainError for a configuration that the data cannot serve; DataError from loading;
 *   RunRecordError when `options.dir` already holds a run and is not to be resumed; CheckpointError
 *   for checkpoints that cannot be written or read; PlanError for a folder that holds another run,
 *   or in which another process trains.
 */
export async function train(config: RunConfig, options: TrainOptions): Promise<RunSummary> {
  const { dir, name, resume } = options
  const ended =
    resume && isRun(dir) ? endedRun(dir, { name, config, seed: config.seed }) : undefined
  if (ended) {
    options.onEvent?.({ kind: 'note', message: 'has ended already; nothing is left to do' })
    return ended
  }
  const data =
    options.data ?? (await loadData(config.data, options.signal ? { signal: options.signal } : {}))
  const session = inRecordedPrecision(createSession(config, data), options)
  requireWritable(dir)
  return withLock(dir, () => trainSession(session, options))
}

function requireWritable(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
    accessSync(dir, constants.W_OK)
  } catch (error) {
    throw new TrainError(
      `Expected a run folder that can be written but received ${dir} (${(error as NodeJS.ErrnoException).code}). Make it writable or choose another.`,
      { cause: error },
    )
  }
}

/** What `precision: auto` stood for when the run began, wherever it goes on. */
function inRecordedPrecision(session: Session, { dir, resume }: TrainOptions): Session {
  if (!resume || !isRun(dir) || session.config.precision !== 'auto') return session
  const { precision } = readRun(dir).header.environment
  return { ...session, precision: precision as Precision }
}

async function trainSession(session: Session, options: TrainOptions): Promise<RunSummary> {
  const run = openRun(session, options)
  const { dir, onEvent } = options
  try {
    onEvent?.({
      kind: 'start',
      totalSteps: session.totalSteps,
      stepsPerEpoch: session.stepsPerEpoch,
      model: session.config.model,
      parameters: session.parameters,
      step: run.progress.step,
    })
    const { status, message } = await trainOrReturn(run)
    if (status === 'completed') await keepResult(run)
    const why = message === undefined ? {} : { message }
    run.metrics.append({ kind: 'end', status, ...why, seconds: secondsSince(run.started) })
    onEvent?.({ kind: 'end', status, ...why })
    return { dir, status, testAccuracy: run.progress.score ?? Number.NaN, ...why }
  } finally {
    run.metrics.close()
    await run.logs.close()
  }
}

type Outcome = Pick<RunSummary, 'status' | 'message'>

/** Trains to the end, from the last checkpoint again where the run diverges and may go back. */
async function trainOrReturn(run: Run): Promise<Outcome> {
  for (;;) {
    try {
      return { status: await trainEpochs(run) }
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error
      if (!rollBack(run, error)) return { status: 'diverged', message: error.message }
    }
  }
}

async function trainEpochs(run: Run): Promise<'completed' | 'interrupted'> {
  const { epochs, checkpoint } = run.session.config
  while (run.progress.epoch <= epochs) {
    const { epoch } = run.progress
    await trainEpoch(run)
    if (run.options.signal?.aborted) {
      save(run)
      return 'interrupted'
    }
    await endEpoch(run)
    if (epoch % checkpoint.every === 0 || epoch === epochs) save(run)
  }
  return 'completed'
}

/** The steps that the epoch still has, or those until the run is interrupted. */
async function trainEpoch(run: Run): Promise<void> {
  const { config, data } = run.session
  const { epoch, totals } = run.progress
  const started = performance.now() - totals.seconds * 1000
  let asked = performance.now()
  for await (const batch of batches(data, 'train', {
    batchSize: config.batchSize,
    seed: config.seed,
    epoch,
    augment: config.augment,
    shuffle: true,
    dropLast: true,
    start: totals.steps,
    ...(config.workers && { workers: config.workers }),
  })) {
    totals.waited += secondsSince(asked)
    if (run.options.signal?.aborted) return
    oneStep(run, batch, () => secondsSince(started))
    const { everySteps } = config.checkpoint
    if (everySteps && run.progress.step % everySteps === 0) save(run)
    asked = performance.now()
  }
}

/** Trains on one batch, and records it. */
function oneStep(
  { session, metrics, watch, options, progress }: Run,
  batch: Batch,
  seconds: () => number,
) {
  const { config, schedule, average, stepsPerEpoch } = session
  const { totals, epoch, lrScale } = progress
  const lr = schedule.at(progress.step) * lrScale
  watch.before(progress.step + 1, batch)
  const { loss, correct, gradNorm, clipFraction } = trainStep(
    session,
    batch,
    lr,
    resolutionAt(config, epoch),
  )
  watch.after(progress.step + 1, clipFraction)
  average?.update()
  const recorded = progress.step % RECORD_EVERY === 0 || totals.steps + 1 === stepsPerEpoch
  totals.loss += loss
  totals.correct += correct
  totals.images += batch.size
  totals.skipped += batch.skipped
  totals.steps += 1
  totals.seconds = seconds()
  progress.step += 1
  const { step } = progress
  const clipping = config.clip.kind === 'none' ? {} : { clipFraction }
  if (recorded) metrics.append({ kind: 'step', step, epoch, loss, lr, gradNorm, ...clipping })
  const { trainAccuracy, imagesPerSecond } = meansOf(totals)
  options.onEvent?.({ kind: 'step', step, loss, accuracy: trainAccuracy, imagesPerSecond, lr })
}

/** Tests the model, and records the epoch. */
async function endEpoch({ session, metrics, options, progress }: Run): Promise<void> {
  const { epoch, step, totals } = progress
  const tested = await evaluate(session)
  session.schedule.epochEnd(tested.score)
  const result = {
    epoch,
    ...meansOf(totals),
    testLoss: tested.loss,
    testAccuracy: tested.score,
    ...ofAverage(tested),
  }
  metrics.append({ kind: 'epoch', step, ...result })
  options.onEvent?.({ kind: 'epoch', ...result })
  progress.epoch += 1
  progress.score = tested.score
  progress.totals = noTotals()
}

const ofAverage = ({ average }: Evaluation) =>
  average && { emaLoss: average.loss, emaAccuracy: average.score }

/** Means over an epoch so far; seconds are those of training alone. */
const meansOf = ({ loss, correct, images, steps, ...rest }: Run['progress']['totals']) => ({
  trainLoss: loss / steps,
  trainAccuracy: correct / images,
  seconds: rest.seconds,
  imagesPerSecond: images / rest.seconds,
  waitShare: rest.waited / rest.seconds,
  ...(rest.skipped > 0 && { skipped: rest.skipped }),
})

async function keepResult({ session, metrics, options: { dir } }: Run): Promise<void> {
  const keep = (name: string, tensors: ReadonlyMap<string, Tensor>) =>
    orSayWhy(join(dir, name), () => saveSafetensors(join(dir, name), tensors))
  const initial = readRun(dir).signals.find(({ when }) => when === 'init')
  if (initial)
    metrics.append({
      kind: 'signal',
      when: 'end',
      signal: await signalAtEnd(session, initial.signal),
    })
  keep('weights.safetensors', session.model.stateDict())
  if (session.average) keep('weights.ema.safetensors', session.average.stateDict().averages)
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000
