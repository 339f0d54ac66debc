// Where a run's lines go beside metrics.jsonl, which alone is the record: what fails here is told once
// and then left alone, and never ends a run.
import { type MetricsWriter, openTensorBoard, type RunHeader } from '@normfree/runs'
import { type MlflowTarget, openMlflow } from './mlflow.ts'
import type { LogSink } from './sink.ts'

/** Who is told of a run. */
export interface LogOptions {
  /** The run folder. */
  readonly dir: string
  readonly header: RunHeader
  /** Also an MLflow server, where one is named. */
  readonly mlflow?: MlflowTarget
  /** Hears, in one line each, which log is given up and why. */
  readonly warn: (message: string) => void
}

/** TensorBoard's event file in the run folder, and MLflow where it is asked for. */
export function openLogs({ dir, header, mlflow, warn }: LogOptions): LogSink {
  const sinks = [
    guarded('TensorBoard', () => openTensorBoard(dir), warn),
    ...(mlflow ? [openMlflow(mlflow, { dir, header }, warn)] : []),
  ]
  return {
    append(line) {
      for (const sink of sinks) sink.append(line)
    },
    async close() {
      for (const sink of sinks) await sink.close()
    },
  }
}

/** `metrics` whose lines go to `logs` as well, once they are in the record. */
export const tee = (metrics: MetricsWriter, logs: LogSink): MetricsWriter => ({
  ...metrics,
  append(line) {
    metrics.append(line)
    logs.append(line)
  },
})

/** A log that is left alone after its first failure. */
function guarded(
  what: string,
  open: () => Pick<MetricsWriter, 'append' | 'close'>,
  warn: LogOptions['warn'],
): LogSink {
  let failed = false
  const attempt = <T>(work: () => T): T | undefined => {
    if (failed) return undefined
    try {
      return work()
    } catch (error) {
      failed = true
      warn(`${what}: ${(error as Error).message}; the run goes on without it.`)
      return undefined
    }
  }
  const log = attempt(open)
  return {
    append: line => attempt(() => log?.append(line)),
    close: async () => attempt(() => log?.close()),
  }
}
