// One process at a time trains in a folder, a plan or a run: a second one would take the run in
// progress for a killed one and go on with it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PlanError } from './errors.ts'

/**
 * Does work while holding the lock of a folder, which is made when it is not there. The lock of a
 * process that has died is taken over.
 *
 * @throws {@link PlanError} when another process holds it
 */
export async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, '.lock')
  if (!take(file)) {
    const owner = readOwner(file)
    if (isAlive(owner)) {
      throw new PlanError(
        `Expected ${dir} to be free but process ${owner} is at work there. ` +
          `Wait for it or choose another output folder; delete ${file} if it is gone.`,
      )
    }
    rmSync(file, { force: true })
    take(file)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

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

const readOwner = (file: string) => readFileSync(file, 'utf8').trim()

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
