// The only door to the native addon: loads it once for this thread, gives it the tape, and says
// what to do when it cannot be loaded.
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError } from './errors.ts'

/** What the addon calls: handles in, which it owns, and handles out, which it gives away; 0 for none. */
export type Callback = (handles: readonly number[]) => number[]

/** The addon's exports; handles are numbers, everything else is described at EXPORT in native/*.cc. */
export interface Native {
  useTape(tape: Float64Array): void
  resolve(name: string, overload: string): number
  invoke(operator: number, count: number): Float64Array | undefined
  schemas(): string[]
  fromBuffer(data: ArrayBufferView, dtype: number, sizes: readonly number[]): number
  viewOf(handle: number): ArrayBuffer
  describe(handle: number): void
  deviceOf(handle: number): string
  item(handle: number): number | undefined
  alias(handle: number): number
  release(count: number): void
  backward(): void
  grad(): void
  gradOf(handle: number): number
  gradFnOf(handle: number): string
  setGrad(handle: number, gradient: number): void
  setRequiresGrad(handle: number, wanted: boolean): void
  gradMode(): boolean
  setGradMode(enabled: boolean): void
  setAutocast(device: string, enabled: boolean, dtype: number): [boolean, number]
  clearAutocastCache(): void
  inference<T>(work: () => T): T
  registerHook(handle: number, hook: Callback): number
  removeHook(handle: number, position: number): void
  recordFunction(name: string, backward: Callback): void
  checkpoint<T>(work: () => T, recompute: Callback): T
  setAnomaly(enabled: boolean, checkNan: boolean): void
  noteCaller(number: number): void
  takeBlame(): number
  manualSeed(seed: number): void
  generator(device: string, own: boolean): number
  seedGenerator(handle: number, seed: number): void
  generatorSeed(handle: number): number
  generatorState(handle: number): number
  setGeneratorState(handle: number, state: number): void
  setNumThreads(count: number): void
  engineInfo(): { version: string; config: string; threads: number; cuda: boolean }
  counts(): { tensors: number; bytes: number }
}

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)))

function load(): Native {
  const path = process.env.NORMFREE_ADDON ?? join(PACKAGE, 'build', 'normfree_torch.node')
  try {
    return createRequire(import.meta.url)(path) as Native
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new EngineError(
      `Expected the LibTorch addon at ${path} but it did not load (${cause}). Run \`npm run setup\`, which finds LibTorch and builds it.`,
      { cause: error },
    )
  }
}

export const native: Native = load()

// LibTorch may start with one thread; OMP_NUM_THREADS, where set, has the last word.
native.setNumThreads(Number(process.env.OMP_NUM_THREADS) || availableParallelism())
