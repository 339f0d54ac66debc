// Trains each run in a process of its own, so that what kills one (a fault in native code, memory that
// runs out) leaves the plan and its other runs alone.
import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { RunConfig } from '../config/schema.ts'
import { type Death, deathOf, forgetCrash, keepCrash } from './crash.ts'
import { PlanError } from './errors.ts'
import type { FromRun, ToRun } from './messages.ts'
import type { RunOutcome, Trainer, TrainOptions } from './trainer.ts'

/** How processes are started. */
export interface ChildTrainerOptions {
  /** Threads of the engine in each process. */
  readonly threads: number
  /** The program of a process, which calls {@link serveRun}. Default: the one that trains. */
  readonly entry?: URL
}

const TRAINING = new URL('./run-child.js', import.meta.url)
const KEPT_LINES = 40

/**
 * A trainer that carries out each run in a new process, which loads its own data. Processes end with this
 * one, however it ends. A process that dies, or that throws what concerns its run alone, gives a run of
 * status `crashed`, and leaves `ID.crash.log` beside the run's folder.
 *
 * @throws {@link PlanError} when data cannot be loaded or the disk not be written: other runs would meet
 *   the same
 */
export function childTrainer({ threads, entry = TRAINING }: ChildTrainerOptions): Trainer {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) }
  return async (config, options) => {
    forgetCrash(options.dir)
    const child = fork(entry, [], {
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    return untilGone(child, () => follow(child, config, options))
  }
}

const children = new Set<ChildProcess>()
const killAll = () => {
  for (const child of children) child.kill('SIGKILL')
}

/** Follows a child that is killed if this process exits before it. */
async function untilGone<T>(child: ChildProcess, work: () => Promise<T>): Promise<T> {
  if (children.size === 0) process.on('exit', killAll)
  children.add(child)
  try {
    return await work()
  } finally {
    children.delete(child)
    if (children.size === 0) process.off('exit', killAll)
  }
}

async function follow(
  child: ChildProcess,
  config: RunConfig,
  { data: _, signal, onEvent, ...options }: TrainOptions,
): Promise<RunOutcome> {
  const { dir } = options
  const output = lastLines(child, message => onEvent?.({ kind: 'note', message }))
  let answer: Answer | undefined
  child.on('message', (message: FromRun) => {
    if (message.kind === 'event') onEvent?.(message.event)
    else answer = message
  })
  const stop = () => tell(child, { kind: 'stop' })
  signal?.addEventListener('abort', stop)
  tell(child, { kind: 'run', config, options })
  if (signal?.aborted) stop()
  const death = await deathOfChild(child)
  signal?.removeEventListener('abort', stop)
  if (answer?.kind === 'end') return answer.summary
  if (answer?.error.ofAll) throw new PlanError(answer.error.message)
  // Ctrl-C in a terminal also reaches a child that does not listen for it yet.
  if (signal?.aborted && death.signal && !answer)
    return { dir, status: 'interrupted', testAccuracy: Number.NaN }
  const message = answer ? answer.error.message.split('\n')[0]! : deathOf(death, output)
  keepCrash(dir, message, answer ? [answer.error.stack, ...output] : output)
  return { dir, status: 'crashed', testAccuracy: Number.NaN, message }
}

type Answer = Exclude<FromRun, { kind: 'event' }>

/** A child that is gone hears nothing, and how it ended says all. */
function tell(child: ChildProcess, message: ToRun): void {
  if (child.connected) child.send(message, () => {})
}

/** The end of a child and of its output; rejects when none could be started. */
const deathOfChild = (child: ChildProcess): Promise<Death> =>
  new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal }))
  })

/** What a child wrote last, in a list that grows with it. */
function lastLines(child: ChildProcess, onLine: (line: string) => void): string[] {
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue
    createInterface({ input }).on('line', line => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      onLine(line)
    })
  }
  return lines
}
