// JavaScript that LibTorch calls in the middle of a backward pass.
import { isTensor, passThrough, wrapHandle } from './call.ts'
import { ArgumentError, refusePromise } from './errors.ts'
import { tidy } from './memory.ts'
import { type Callback, native } from './native.ts'
import type { Tensor } from './tensor.ts'

/** Undoes a registration. */
export interface RemovableHandle {
  /** A second call does nothing. */
  remove(): void
}

/** A gradient, or none. */
export type MaybeTensor = Tensor | null | undefined

/**
 * `work` as the addon calls it. It runs in a scope of its own: tensors made in it, and those it is
 * given, are released when it ends. What it throws goes on, as it is, to whoever started the pass.
 */
export const callback =
  (name: string, work: (tensors: (Tensor | null)[]) => readonly MaybeTensor[]): Callback =>
  handles =>
    passThrough(() =>
      tidy(() => {
        const given = handles.map(handle => (handle === 0 ? null : (wrapHandle(handle) as Tensor)))
        const results = work(given)
        refusePromise(results, name)
        // All are looked at before one is given away: a throw between would lose it.
        const found = results.map(result => handleOf(result, name))
        return found.map(handle => (handle === 0 ? 0 : native.alias(handle)))
      }),
    )

function handleOf(result: MaybeTensor, name: string): number {
  if (result === null || result === undefined) return 0
  if (isTensor(result)) return result.handle
  throw new ArgumentError(
    `Expected a Tensor or nothing from \`${name}\` but received ${typeof result}.`,
  )
}
