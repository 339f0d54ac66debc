// Fetches one file whole or not at all: resumed with HTTP ranges, proven by its checksum, put in place by
// a rename. Knows nothing of data sets.
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DataError } from './errors.ts'

export interface DownloadTask {
  url: string
  /** The finished file; while it is incomplete, the bytes so far stand in `<path>.part`. */
  path: string
  /** Expected MD5 of the file, lower-case hexadecimal. */
  md5: string
  /** What the user can do without a network; ends every error message. */
  remedy: string
  onProgress?: (done: number, total: number, what: string) => void
  signal?: AbortSignal
}

export interface DownloadPatience {
  attempts: number
  /** Milliseconds before the second attempt; doubles each time. */
  backOff: number
  /** Milliseconds without a byte after which an attempt is given up. */
  stall: number
}

/** Where the files of a set come from; tests serve their own. */
export interface DownloadSource {
  /** Ends in `/`. */
  baseUrl: string
  /** Published MD5 of each file, lower-case hexadecimal. */
  md5: Readonly<Record<string, string>>
  patience?: DownloadPatience
}

const PATIENCE: DownloadPatience = { attempts: 5, backOff: 1000, stall: 30_000 }

/** A failure that another attempt may cure. */
class PassingFailure extends Error {
  override readonly name = 'PassingFailure'
}

/**
 * Makes `task.path` exist with the right checksum; returns at once if it is there already.
 *
 * @throws DataError when the server refuses, cannot be reached, or sends something else
 */
export async function download(task: DownloadTask, patience = PATIENCE): Promise<void> {
  if (await sizeOf(task.path)) return
  await mkdir(dirname(task.path), { recursive: true }).catch(throwUnwritable)
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchPart(task, patience.stall)
      await accept(task)
      return
    } catch (error) {
      task.signal?.throwIfAborted()
      if (!(error instanceof PassingFailure)) throw error
      if (attempt === patience.attempts) throw refusal(task, error.message, error)
      await sleep(patience.backOff * 2 ** (attempt - 1), undefined, { signal: task.signal })
    }
  }
}

function refusal(task: DownloadTask, reason: string, cause?: unknown): DataError {
  return new DataError(
    `Expected to download ${task.url} but received ${reason}. ${task.remedy}`,
    cause === undefined ? undefined : { cause },
  )
}

const partOf = (task: DownloadTask): string => `${task.path}.part`

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

/** Brings `<path>.part` to its full length, from where an earlier attempt left it. */
async function fetchPart(task: DownloadTask, stall: number): Promise<void> {
  const had = await sizeOf(partOf(task))
  const watchdog = new AbortController()
  const timer = setTimeout(() => watchdog.abort(), stall)
  const signals = task.signal ? [watchdog.signal, task.signal] : [watchdog.signal]
  try {
    const response = await fetch(task.url, {
      headers: had > 0 ? { range: `bytes=${had}-` } : {},
      signal: AbortSignal.any(signals),
    })
    // The part is as long as the file, or longer: its checksum decides.
    if (had > 0 && response.status === 416) return
    const start = startOfBody(response, had, task)
    await saveBody(response, start, task, () => timer.refresh())
  } catch (error) {
    if (error instanceof DataError || error instanceof PassingFailure) throw error
    if (watchdog.signal.aborted) throw new PassingFailure(`no data for ${stall / 1000} s`)
    throw new PassingFailure(networkReason(error), { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Where in the file the response's body starts: a server may ignore the range, or answer another one. */
function startOfBody(response: Response, had: number, task: DownloadTask): number {
  if (response.status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1])
    if (start <= had) return start
    throw new PassingFailure('a range that was not asked for')
  }
  if (response.ok) return 0
  const status = `status ${response.status}`
  const passing = response.status >= 500 || response.status === 408 || response.status === 429
  throw passing ? new PassingFailure(status) : refusal(task, status)
}

async function saveBody(
  response: Response,
  start: number,
  task: DownloadTask,
  onBytes: () => void,
): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? 0)
  const total = length > 0 ? start + length : 0
  // Bytes are written where they belong, so a second process fetching the same file does no harm.
  const flags = constants.O_CREAT | constants.O_WRONLY
  const file = await open(partOf(task), flags).catch(throwUnwritable)
  let at = start
  try {
    for await (const chunk of response.body ?? []) {
      onBytes()
      await file.write(chunk, 0, chunk.length, at)
      at += chunk.length
      task.onProgress?.(at, total, 'downloading')
    }
    await file.sync()
  } finally {
    await file.close()
  }
  if (at < total) throw new PassingFailure(`${at} of ${total} bytes`)
}

function throwUnwritable(cause: Error): never {
  throw new DataError(
    `Expected a writable cache folder but received ${cause.message}. Set NORMFREE_CACHE to another one.`,
    { cause },
  )
}

/** Renames the part if its checksum is right; otherwise removes it, so that the next attempt starts anew. */
async function accept(task: DownloadTask): Promise<void> {
  const md5 = await md5Of(partOf(task))
  if (md5 === task.md5) {
    await rename(partOf(task), task.path)
    return
  }
  await rm(partOf(task), { force: true })
  throw new PassingFailure(`a file with MD5 ${md5} instead of ${task.md5}`)
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** `fetch` hides why it failed in the cause. */
function networkReason(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}
