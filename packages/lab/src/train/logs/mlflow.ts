// A run's record on an MLflow server, beside metrics.jsonl: parameters, tags, metrics and how it ended.
// Sent in the background and in batches; a server that stalls, fails or dies costs the run one warning.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, type RunHeader, scalarsOf, writeFileAtomic } from '@normfree/runs'
import {
  type JsonObject,
  MlflowError,
  mlflowRequests,
  PATIENCE,
  type Patience,
  type Request,
} from './mlflow-client.ts'
import type { LogSink } from './sink.ts'

/** Where a run is told of. */
export interface MlflowTarget {
  /** The tracking server's http(s) address. */
  readonly url: string
  /** The experiment's name; it is created where there is none. */
  readonly experiment: string
}

/** What MLflow takes in one request. */
const MOST = { metrics: 500, params: 100, key: 250, value: 500, tag: 5000 } as const
/** Milliseconds for which metrics gather. */
const GATHER = 2000
/** Metrics that may wait; more, and the server is too slow. */
const MOST_WAITING = 100_000
/** Keeps which run of the server the folder's run is, so that a resumed run goes on there. */
const FILE = 'mlflow.json'

type Metric = { key: string; value: number; timestamp: number; step: number }
type Status = 'FINISHED' | 'FAILED' | 'KILLED'

const STATUS = { completed: 'FINISHED', diverged: 'FAILED', interrupted: 'KILLED' } as const

/**
 * Tells the server at `target` of the run with `header` in the folder `dir`. Nothing is thrown, and
 * nothing waited for before close(), which waits a bounded time.
 *
 * @param warn hears once why nothing more is sent
 */
export function openMlflow(
  target: MlflowTarget,
  { dir, header }: { dir: string; header: RunHeader },
  warn: (message: string) => void,
  patience: Patience = PATIENCE,
): LogSink {
  const aborted = new AbortController()
  const request = mlflowRequests(target.url, patience, aborted.signal)
  let waiting: Metric[] = []
  let status: Status = 'FAILED' // what a run is that ends without saying how
  let failed = false
  let timer: NodeJS.Timeout | null = null

  const giveUp = (reason: string) => {
    if (failed) return
    failed = true
    waiting = []
    warn(`MLflow at ${target.url}: ${reason}; the run goes on without it.`)
  }
  const sendWaiting = async (runId: string) => {
    while (waiting.length > 0)
      await request('runs/log-batch', { run_id: runId, metrics: waiting.splice(0, MOST.metrics) })
  }
  // One request after another: each link of the chain waits for those before.
  let sent: Promise<string | null> = startRun(request, target, dir, header)
  const chain = (work: (runId: string) => Promise<unknown>) => {
    sent = sent
      .then(async runId => {
        if (runId !== null && !failed) await work(runId)
        return runId
      })
      .catch(error => {
        giveUp((error as Error).message)
        return null
      })
  }
  chain(async () => {})

  return {
    append(line) {
      if (line.kind === 'end') status = STATUS[line.status]
      const scalars = scalarsOf(line)
      if (!scalars || failed) return
      if (waiting.length > MOST_WAITING) return giveUp('it is too slow')
      waiting.push(...metricsOf(scalars))
      timer ??= setTimeout(() => {
        timer = null
        chain(sendWaiting)
      }, GATHER).unref()
    },
    async close() {
      if (timer) clearTimeout(timer)
      chain(sendWaiting)
      chain(runId => request('runs/update', { run_id: runId, status, end_time: Date.now() }))
      const late = setTimeout(() => {
        giveUp('it did not take all in time')
        aborted.abort()
      }, patience.close)
      await sent
      clearTimeout(late)
    },
  }
}

/** The id of the run: of the one that the folder had before, where the server still knows it. */
async function startRun(
  request: Request,
  { url, experiment }: MlflowTarget,
  dir: string,
  header: RunHeader,
): Promise<string> {
  const previous = previousRun(dir, url)
  if (previous !== null && (await isContinued(request, previous))) return previous
  const experimentId = await experimentOf(request, experiment)
  const created = await request(
    'runs/create',
    {
      experiment_id: experimentId,
      run_name: header.name,
      start_time: Date.now(),
      tags: tagsOf(header),
    },
    1, // a second attempt could create a second run
  )
  const runId = textAt(created, 'run', 'info', 'run_id')
  writeFileAtomic(join(dir, FILE), `${JSON.stringify({ url, runId })}\n`)
  const params = paramsOf(header.config)
  for (let at = 0; at < params.length; at += MOST.params)
    await request('runs/log-batch', { run_id: runId, params: params.slice(at, at + MOST.params) })
  return runId
}

function previousRun(dir: string, url: string): string | null {
  try {
    const known = JSON.parse(readFileSync(join(dir, FILE), 'utf8'))
    return known.url === url && typeof known.runId === 'string' ? known.runId : null
  } catch {
    return null // none, or damaged: a new run takes its place
  }
}

const isContinued = (request: Request, runId: string): Promise<boolean> =>
  request('runs/update', { run_id: runId, status: 'RUNNING' }).then(
    () => true,
    error => {
      if (error instanceof MlflowError && error.status === 404) return false
      throw error
    },
  )

async function experimentOf(request: Request, name: string): Promise<string> {
  const known = () =>
    request(`experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`).then(answer =>
      textAt(answer, 'experiment', 'experiment_id'),
    )
  const status = (wanted: number) => (error: unknown) => {
    if (error instanceof MlflowError && error.status === wanted) return null
    throw error
  }
  const created = () =>
    request('experiments/create', { name }).then(at => textAt(at, 'experiment_id'))
  // Another run of the plan may create it in between.
  return (await known().catch(status(404))) ?? (await created().catch(status(400))) ?? known()
}

function textAt(answer: JsonObject, ...path: string[]): string {
  let value: unknown = answer
  for (const key of path) value = (value as JsonObject | null | undefined)?.[key]
  if (typeof value === 'string') return value
  throw new MlflowError(`answered without ${path.join('.')}`, 200)
}

const tagsOf = ({ id, plan, command, environment }: RunHeader) =>
  Object.entries({
    'mlflow.source.name': 'normfree',
    'normfree.id': id,
    'normfree.command': command,
    ...(plan !== undefined && { 'normfree.plan': plan }),
    ...Object.fromEntries(Object.entries(environment).map(([k, v]) => [`environment.${k}`, v])),
  }).map(([key, value]) => ({ key: keyOf(key), value: String(value).slice(0, MOST.tag) }))

/** The settings as `optimizer.lr`; lists stay whole. */
const paramsOf = (config: Json, path = ''): { key: string; value: string }[] => {
  if (typeof config === 'object' && config !== null && !Array.isArray(config))
    return Object.entries(config).flatMap(([key, value]) =>
      paramsOf(value, path === '' ? key : `${path}.${key}`),
    )
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  return [{ key: keyOf(path), value: text.slice(0, MOST.value) }]
}

/** MLflow has no number that is not finite. */
const metricsOf = ({ step, values }: NonNullable<ReturnType<typeof scalarsOf>>): Metric[] =>
  values
    .filter(([, value]) => Number.isFinite(value))
    .map(([key, value]) => ({ key: keyOf(key), value, step, timestamp: Date.now() }))

/** Of the characters that MLflow takes. */
const keyOf = (name: string): string => name.replace(/[^\w./ -]/g, '_').slice(0, MOST.key)
