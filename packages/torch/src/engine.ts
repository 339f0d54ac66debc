// What runs underneath: versions, threads, seeds.
import { ArgumentError } from './errors.ts'
import { native } from './native.ts'

/** The LibTorch that is loaded; `config` is its own account of how it was built. */
export const engineInfo = (): { version: string; config: string; threads: number; cuda: boolean } =>
  native.engineInfo()

/**
 * Threads that one operator may use: OMP_NUM_THREADS, else as many as the machine has, until
 * {@link setNumThreads} says otherwise.
 */
export const getNumThreads = (): number => native.engineInfo().threads

/** Threads that one operator may use. Call it before the first operator. */
export function setNumThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(`Expected a positive integer for \`count\` but received ${count}.`)
  native.setNumThreads(count)
}
