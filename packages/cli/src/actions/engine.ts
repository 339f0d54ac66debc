// Settings of the engine that flags decide, made before the first operator runs.
import { manualSeed, setNumThreads } from '@normfree/torch'
import type { CommonFlags } from '../flags.ts'

/** Sets the number of threads and the seed; without a flag the engine's own choice stays. */
export function configureEngine({ threads, seed }: CommonFlags): void {
  if (threads !== undefined) setNumThreads(threads)
  if (seed !== undefined) manualSeed(seed)
}
