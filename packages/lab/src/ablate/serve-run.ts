// The end of a plan's run in its own process: trains the run that the parent sends, tells what happens,
// and is gone when the parent is.
import { DataError } from '../data/errors.ts'
import type { FromRun, SentError, ToRun } from './messages.ts'
import type { TrainEvent, Trainer } from './trainer.ts'

/**
 * Makes this process one that trains a single run for {@link childTrainer} and then ends. The parent's
 * word, or SIGTERM, ends the run after the current step; the end of the parent ends the process.
 */
export function serveRun(train: Trainer): void {
  const stopping = new AbortController()
  const finish = (answer: FromRun) => void tell(answer, () => process.disconnect())
  process.on('disconnect', () => process.exit())
  // A terminal sends Ctrl-C to parent and child alike; the parent says what is to be done.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => stopping.abort())
  process.on('uncaughtException', error => finish(failure(error)))
  process.on('message', (message: ToRun) => {
    if (message.kind === 'stop') stopping.abort()
    else void carryOut(train, message, stopping.signal).then(finish)
  })
}

const parent = process.ppid

/** Tells the parent something, or ends the process when it is gone. */
function tell(message: FromRun, then?: () => void): void {
  // While steps follow each other without a pause, no event says so: another process has adopted this.
  if (!process.connected || process.ppid !== parent) process.exit()
  process.send?.(message, undefined, undefined, then)
}

async function carryOut(
  train: Trainer,
  { config, options }: Extract<ToRun, { kind: 'run' }>,
  signal: AbortSignal,
): Promise<FromRun> {
  const { dir } = options
  try {
    const onEvent = (event: TrainEvent) => tell({ kind: 'event', event })
    const summary = await train(config, { ...options, signal, onEvent })
    return { kind: 'end', summary }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) return failure(error)
    return { kind: 'end', summary: { dir, status: 'interrupted', testAccuracy: Number.NaN } }
  }
}

function failure(error: unknown): FromRun {
  const { message, stack }: Partial<Error> = error instanceof Error ? error : {}
  const sent: SentError = {
    message: message || String(error),
    stack: stack ?? String(error),
    ofAll: error instanceof DataError || isOfDisk(error),
  }
  return { kind: 'error', error: sent }
}

const OF_DISK = ['ENOSPC', 'EDQUOT', 'EROFS']

function isOfDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && OF_DISK.includes(String(error.code))) || isOfDisk(error.cause)
}
