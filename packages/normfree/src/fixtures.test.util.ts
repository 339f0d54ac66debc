// Numbers out of tensors and numbers into them, for the tests of this package; not part of it.
import { from, nn, type Tensor } from '@normfree/torch'
import { vi } from 'vitest'

/** The elements in row-major order. */
export const numbers = (x: Tensor): number[] =>
  Array.from(x.to('float64').data() as Float64Array, Number)

/** The largest difference between two lists of the same length. */
export function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
}

/** A float32 tensor of `shape` whose element i is f(i). */
export function filled(shape: readonly number[], f: (i: number) => number): Tensor {
  const length = shape.reduce((product, size) => product * size, 1)
  return from(
    Float32Array.from({ length }, (_, i) => f(i)),
    shape,
  )
}

/** A copy of every parameter and buffer, to compare with later. */
export const snapshot = (model: nn.Module): Map<string, number[]> =>
  new Map(Array.from(model.stateDict(), ([name, tensor]) => [name, numbers(tensor)]))

/** How many hooks `work` registers and does not remove again, also when it throws. */
export function hooksLeftBy(work: () => unknown): { registered: number; left: number } {
  const count = { registered: 0, left: 0 }
  const spies = (['registerForwardHook', 'registerForwardPreHook'] as const).map(method => {
    const original = nn.Module.prototype[method] as (hook: unknown) => nn.RemovableHandle
    return vi.spyOn(nn.Module.prototype, method).mockImplementation(function (
      this: unknown,
      hook: unknown,
    ) {
      const handle = original.call(this, hook)
      count.registered++
      count.left++
      const remove = () => {
        handle.remove()
        count.left--
      }
      return { remove }
    })
  })
  try {
    work()
  } catch {
    // What it throws is another test's matter.
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return count
}
