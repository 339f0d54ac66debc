// One set-up at a time in one working tree. The lock is a file that appears whole, by link(2), and
// names its owner; a lock whose owner is gone is taken over.
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 200
// Taking over a dead owner's lock lasts microseconds: older than this, the taker died too.
const takeoverMs = 30_000

/**
 * Waits for the lock at `path`, runs `work`, and gives the lock back.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {(text: string) => void} say told once when another owner has to be waited for
 * @returns {Promise<T>}
 */
export async function withLock(path, work, say) {
  for (let told = false; !acquire(path); ) {
    if (takeOver(path)) continue
    if (!told) say(`waiting for another set-up (process ${readOwner(path)?.pid ?? 'unknown'})`)
    told = true
    await sleep(pollMs)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** @param {string} path */
function acquire(path) {
  const own = `${path}.${process.pid}`
  const owner = { pid: process.pid, host: hostname(), started: startTime(process.pid) }
  writeFileSync(own, JSON.stringify(owner))
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

// The second lock keeps two waiters from both removing a dead owner's lock, the later one of which
// would be the earlier one's new lock.
/** @param {string} path */
function takeOver(path) {
  if (!isStale(path)) return false
  const takeover = `${path}.takeover`
  const since = statSync(takeover, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
  if (Date.now() - since > takeoverMs) rmSync(takeover, { force: true })
  if (!acquire(takeover)) return false
  try {
    if (isStale(path)) rmSync(path, { force: true })
    return true
  } finally {
    rmSync(takeover, { force: true })
  }
}

/** @param {string} path */
function isStale(path) {
  const owner = readOwner(path)
  return owner?.host === hostname() && startTime(owner.pid) !== owner.started
}

/** @param {string} path @returns {{ pid: number, host: string, started: string } | undefined} */
function readOwner(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

// A process id is used again in time; with its start time it names one process. Without /proc the
// id alone has to do. Empty: no such process, or one that is dead and not yet reaped.
/** @param {number} pid */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    return isAlive(pid) ? 'alive' : ''
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
