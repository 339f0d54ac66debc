// Requests to an MLflow server (its REST API 2.0), each with a limit in time and a few attempts. It knows
// nothing of runs.

/** An MLflow server that does not do what it was asked; the message says what it did instead. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError'
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** How long a server may take. */
export interface Patience {
  /** Requests of one kind before it is given up. */
  readonly attempts: number
  /** Milliseconds before the second attempt; each further one waits four times as long. */
  readonly backOff: number
  /** Milliseconds for one answer. */
  readonly stall: number
  /** Milliseconds at the end of a run for all that is left to send. */
  readonly close: number
}

export const PATIENCE: Patience = { attempts: 3, backOff: 500, stall: 10_000, close: 10_000 }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: unknown }

/** Sends one request, `POST` where it has a body. */
export type Request = (path: string, body?: JsonObject, attempts?: number) => Promise<JsonObject>

/**
 * Requests to the server at `url`. The user is named by MLFLOW_TRACKING_TOKEN, or by
 * MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, as for MLflow's own client.
 *
 * @param aborted ends all requests
 */
export function mlflowRequests(url: string, patience: Patience, aborted: AbortSignal): Request {
  const base = `${url.replace(/\/+$/, '')}/api/2.0/mlflow/`
  const headers = { 'content-type': 'application/json', ...authorization(process.env) }
  const once = async (path: string, body?: JsonObject): Promise<JsonObject> => {
    const signal = AbortSignal.any([aborted, AbortSignal.timeout(patience.stall)])
    const sent = body ? { method: 'POST', body: JSON.stringify(body) } : {}
    const what = path.replace(/\?.*/, '')
    const answer = await fetch(`${base}${path}`, { headers, signal, redirect: 'error', ...sent })
      .then(async response => ({ status: response.status, text: await response.text() }))
      .catch(cause => {
        throw new MlflowError(`${what}: ${reasonOf(cause)}`, undefined, cause)
      })
    if (answer.status !== 200)
      throw new MlflowError(
        `answered ${answer.status} to ${what}: ${oneLine(answer.text)}`,
        answer.status,
      )
    return parsed(answer.text, what)
  }
  return async (path, body, attempts = patience.attempts) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(path, body)
      } catch (error) {
        if (attempt >= attempts || aborted.aborted || !isPassing(error)) throw error
        await pause(patience.backOff * 4 ** (attempt - 1), aborted)
      }
    }
  }
}

/** Whether another attempt may succeed: no answer, too many requests, or a fault of the server's. */
const isPassing = (error: unknown): boolean => {
  const status = error instanceof MlflowError ? error.status : undefined
  return status === undefined || status === 429 || status >= 500
}

function authorization(env: NodeJS.ProcessEnv): Record<string, string> {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = env
  if (token) return { authorization: `Bearer ${token}` }
  if (!user) return {}
  const pair = Buffer.from(`${user}:${env.MLFLOW_TRACKING_PASSWORD ?? ''}`).toString('base64')
  return { authorization: `Basic ${pair}` }
}

function parsed(text: string, what: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as JsonObject
  } catch {
    // told below, like JSON that is no object
  }
  throw new MlflowError(`answered ${what} with what is no JSON object: ${oneLine(text)}`, 200)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const cause = error.cause as (Error & { code?: string }) | undefined
  return oneLine(cause?.code ?? cause?.message ?? error.message)
}

const oneLine = (text: string): string => {
  const line = text.replace(/[\s\p{C}]+/gu, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 157)}...` : line || 'nothing'
}

/** Waits, but not beyond an abort; the wait keeps no process alive. */
const pause = (milliseconds: number, aborted: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds).unref()
    aborted.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
