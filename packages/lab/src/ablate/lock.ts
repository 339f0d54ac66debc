// One process at a time carries out a plan in a folder, and one trains in a run's folder: a second one
// would take the run in progress for a killed one. A child may outlive a plan that was killed by the
// moment that it needs to notice, so a run has a lock of its own, beside its folder.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlanError } from './errors.ts'

/**
 * Does work while holding the lock of a plan's folder, which is made when it is not there. The lock of a
 * process that has died is taken over.
 *
 * @throws {@link PlanError} when another process holds it
 */
export function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  return whileHolding(join(dir, '.lock'), dir, 'running a plan there', work)
}

/**
 * Does work while holding the lock of a run, whose folder need not be there.
 *
 * @throws {@link PlanError} when another process holds it
 */
export function withRunLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  return whileHolding(runLock(dir), dir, 'training there', work)
}

/** The living process that trains in a run's folder, as `PID on HOST`; null when there is none. */
export function runOwner(dir: string): string | null {
  const owner = readOwner(runLock(dir))
  return isAlive(owner) ? owner : null
}

/**
 * Waits until nobody trains in a run's folder, or the signal is aborted: the process of a plan that was
 * killed notices it only after its current step.
 *
 * @param patience - milliseconds
 * @throws {@link PlanError} when it is not free by then
 */
export async function untilRunFree(
  dir: string,
  signal: AbortSignal,
  patience = 60_000,
): Promise<void> {
  const start = performance.now()
  for (;;) {
    const owner = runOwner(dir)
    if (owner === null || signal.aborted) return
    if (performance.now() - start > patience) throw busy(runLock(dir), dir, owner, 'training there')
    await sleep(50)
  }
}

/** Removes the lock of a process that died while it was training in a run's folder. */
export function freeRun(dir: string): void {
  if (runOwner(dir) === null) rmSync(runLock(dir), { force: true })
}

const runLock = (dir: string) => `${dir}.lock`

async function whileHolding<T>(
  file: string,
  dir: string,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  while (!take(file)) {
    const owner = readOwner(file)
    if (isAlive(owner)) throw busy(file, dir, owner, doing)
    rmSync(file, { force: true })
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

const busy = (file: string, dir: string, owner: string, doing: string) =>
  new PlanError(
    `Expected ${dir} to be free but process ${owner} is ${doing}. ` +
      `Wait for it or choose another output folder; delete ${file} if it is gone.`,
  )

/** Writes the lock file, which only one process can do. */
function take(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid} on ${hostname()}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Empty when there is no lock. */
function readOwner(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Processes of other machines cannot be seen and count as alive. */
function isAlive(owner: string): boolean {
  const [pid, host] = owner.split(' on ')
  if (host !== hostname()) return owner !== ''
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
