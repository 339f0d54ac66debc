// Numbers out of tensors and numbers into them, for the tests of this package; not part of it.
import { from, type nn, type Tensor } from '@normfree/torch'

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
