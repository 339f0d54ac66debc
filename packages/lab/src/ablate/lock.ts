// One process at a time trains in a folder, a plan or a run: a second one would take the run in
// progress for a killed one and go on with it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlanError } from './errors.ts'

/**
 * Does work while holding the lock of a folder, which is made when it is not there. The lock of a
 * process that has died is taken over.
 *
 * @throws {@link PlanError} when another process holds it
 */
export async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dir, { recursive: true })
  const file = lockOf(dir)
  while (!take(file)) {
    const owner = ownerOf(dir)
    if (owner !== null) throw busy(dir, owner)
    rmSync(file, { force: true })
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** The living process that is at work in a folder, as `PID on HOST`; null when there is none. */
export function ownerOf(dir: string): string | null {
  const owner = readOwner(lockOf(dir))
  return isAlive(owner) ? owner : null
}

/**
 * Waits until no process is at work in a folder, or the signal is aborted: that of a run whose plan was
 * killed notices it only after its current step.
 *
 * @param patience - milliseconds
 * @throws {@link PlanError} when the folder is not free by then
 */
export async function untilFree(
  dir: string,
  signal: AbortSignal,
  patience = 60_000,
): Promise<void> {
  const start = performance.now()
  for (;;) {
    const owner = ownerOf(dir)
    if (owner === null || signal.aborted) return
    if (performance.now() - start > patience) throw busy(dir, owner)
    await sleep(50)
  }
}

const lockOf = (dir: string) => join(dir, '.lock')

const busy = (dir: string, owner: string) =>
  new PlanError(
    `Expected ${dir} to be free but process ${owner} is at work there. ` +
      `Wait for it or choose another output folder; delete ${lockOf(dir)} if it is gone.`,
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
