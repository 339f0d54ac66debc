// A run under way in its folder: begun, taken up where it stopped, and saved.
import { basename } from 'node:path'
import {
  createRun,
  isRun,
  type MetricsWriter,
  openMetrics,
  RUN_FORMAT,
  type RunConfigJson,
  readRun,
  type SignalLine,
} from '@normfree/runs'
import { tidy } from '@normfree/torch'
import { countMacs, modelEntry } from 'normfree'
import type { TrainOptions } from '../ablate/trainer.ts'
import { differences } from '../config/neutral.ts'
import type { Progress } from './checkpoint.ts'
import { deleteDrafts, saveCheckpoint, setDamagedAside } from './checkpoints.ts'
import { describeEnvironment } from './environment.ts'
import { openLogs, tee } from './logs/logs.ts'
import type { LogSink } from './logs/sink.ts'
import type { Session } from './session.ts'
import { signalAtInit } from './signal.ts'
import { atStart, captured, type Restored, restoreNewest } from './state.ts'
import { createWatch, type Watch } from './watch.ts'

/** A run under way. */
export interface Run {
  readonly session: Session
  /** Its lines go to the other logs as well. */
  readonly metrics: MetricsWriter
  readonly logs: LogSink
  readonly watch: Watch
  readonly options: TrainOptions
  /** Changes with every step. */
  progress: Progress
  /** When it would have begun, had it gone on without a stop: milliseconds of performance.now(). */
  readonly started: number
}

/**
 * Begins the run of `session` in its folder or, where `options.resume` asks for it, goes on with the
 * run that is there. The caller closes the metrics.
 *
 * @throws RunRecordError where the folder holds a run that is not to be resumed; CheckpointError.
 */
export function openRun(session: Session, options: TrainOptions): Run {
  const { dir } = options
  const resumes = options.resume === true && isRun(dir)
  const header = headerOf(session, options)
  if (!resumes) createRun(dir, header)
  // Before anything of the record is touched: what cannot be resumed stays as it is.
  const restored = resumes ? restoreNewest(session, dir) : null
  const note = (message: string) => options.onEvent?.({ kind: 'note', message })
  const record = openMetrics(dir)
  const logs = openLogs({
    dir,
    header,
    warn: note,
    ...(options.mlflow && { mlflow: options.mlflow }),
  })
  const metrics = tee(record, logs)
  const { progress = atStart(), seconds = 0 } = restored ?? {}
  const started = performance.now() - seconds * 1000
  try {
    const watch = createWatch(session, { metrics, note, first: resumes ? firstWatched(dir) : null })
    const run: Run = { session, metrics, logs, watch, options, progress, started }
    if (resumes) takeUp(run, restored)
    if (!restored) measureInitial(run)
    return run
  } catch (error) {
    metrics.close()
    void logs.close()
    throw error
  }
}

/** What the watch compares with, of a run that had begun. */
const firstWatched = (dir: string): SignalLine | null =>
  readRun(dir).signals.find(({ when }) => when === 'step') ?? null

/** Saves where the run is. */
export const save = ({ session, metrics, options, progress, started }: Run): void =>
  tidy(() => {
    const seconds = (performance.now() - started) / 1000
    saveCheckpoint(
      options.dir,
      captured(session, progress, { seconds, metrics: metrics.position() }),
    )
  })

/** Brings the record to where the checkpoint was taken, or to nothing where there is none. */
function takeUp({ session, metrics, options, progress }: Run, restored: Restored | null): void {
  const { dir } = options
  metrics.cut(restored?.metrics ?? { bytes: 0, lines: 0 })
  deleteDrafts(dir)
  reportDamaged(options, restored)
  const from = restored
    ? `from ${basename(restored.path)}`
    : 'from the beginning, with no checkpoint yet'
  const changed = differences(readRun(dir).header.environment, describeEnvironment(session))
  const elsewhere =
    changed.length > 0 ? `, with another ${changed.join(', ')} than it began with` : ''
  const message = `goes on ${from}${elsewhere}`
  metrics.append({ kind: 'event', step: progress.step, event: 'resume', message })
  options.onEvent?.({ kind: 'note', message: `${message}, after step ${progress.step}` })
}

/** Takes damaged checkpoints out of the way of those that will be written, and says so. */
export function reportDamaged({ onEvent }: TrainOptions, restored: Restored | null): void {
  for (const { path, message } of restored?.damaged ?? []) {
    setDamagedAside(path)
    onEvent?.({ kind: 'note', message: `${message} The one before it is used.` })
  }
}

function measureInitial(run: Run): void {
  const { config, data, task } = run.session
  const signal = signalAtInit(config, task.outputs(data))
  run.metrics.append({ kind: 'signal', when: 'init', signal })
  // A run that may have to go back needs somewhere to go back to.
  if (config.watch?.rollback) save(run)
}

function headerOf(session: Session, { dir, name, plan, command }: TrainOptions) {
  const { config, parameters, model } = session
  return {
    format: RUN_FORMAT,
    id: basename(dir),
    name,
    ...(plan !== undefined && { plan }),
    seed: config.seed,
    created: new Date().toISOString(),
    command,
    config: config as unknown as RunConfigJson,
    environment: describeEnvironment(session),
    model: {
      name: config.model,
      parameters,
      macs: countMacs(model, modelEntry(config.model).resolution),
    },
  } as const
}
