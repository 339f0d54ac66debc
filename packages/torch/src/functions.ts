// Functions of `torch` that PyTorch itself composes in Python, out of operators without a public name.
import { callOperator } from './call.ts'
import { ShapeError } from './errors.ts'
import type { Tensor } from './tensor.ts'

/** Options of {@link unique}. */
export interface UniqueOptions {
  /** Ascending order. Default true. */
  sorted?: boolean
  /** Also give, for every element, its place in the result. Default false. */
  returnInverse?: boolean
  /** Also give how often each occurs. Default false. */
  returnCounts?: boolean
  /** Compare the slices along this dimension. Default: single elements. */
  dim?: number | null
}

/** What {@link unique} gives: the elements alone, or followed by what options `O` ask for. */
export type UniqueResult<O> = O extends { returnInverse: true; returnCounts: true }
  ? [Tensor, Tensor, Tensor]
  : O extends { returnInverse: true } | { returnCounts: true }
    ? [Tensor, Tensor]
    : Tensor

/**
 * The different elements of `input`, or slices of it, each once; indices and counts are int64.
 *
 * @returns the elements alone, or followed by what the options ask for: `[values, inverse, counts]`.
 */
export function unique<O extends UniqueOptions = UniqueOptions>(
  input: Tensor,
  options?: O,
): UniqueResult<O> {
  const { sorted = true, returnInverse = false, returnCounts = false, dim = null } = options ?? {}
  const found =
    dim === null
      ? callOperator('aten::_unique2', '', input, sorted, returnInverse, returnCounts)
      : callOperator('aten::unique_dim', '', input, dim, sorted, returnInverse, returnCounts)
  return askedFor(found as Found, returnInverse, returnCounts) as UniqueResult<O>
}

/** Options of {@link uniqueConsecutive}. */
export type UniqueConsecutiveOptions = Omit<UniqueOptions, 'sorted'>

/**
 * The elements of `input`, or slices of it, without those that equal the one before; indices and
 * counts are int64.
 *
 * @returns the elements alone, or followed by what the options ask for: `[values, inverse, counts]`.
 */
export function uniqueConsecutive<O extends UniqueConsecutiveOptions = UniqueConsecutiveOptions>(
  input: Tensor,
  options?: O,
): UniqueResult<O> {
  const { returnInverse = false, returnCounts = false, dim = null } = options ?? {}
  const flags = [returnInverse, returnCounts] as const
  const found = callOperator('aten::unique_consecutive', '', input, ...flags, dim)
  return askedFor(found as Found, ...flags) as UniqueResult<O>
}

/** What the operators give: elements, places and counts. */
type Found = [values: Tensor, inverse: Tensor, counts: Tensor]

/** What was asked for of `found`; the rest is released. */
function askedFor(
  [values, inverse, counts]: Found,
  returnInverse: boolean,
  returnCounts: boolean,
): Tensor | Tensor[] {
  if (!returnInverse) inverse.dispose()
  if (!returnCounts) counts.dispose()
  if (!returnInverse && !returnCounts) return values
  return [values, ...(returnInverse ? [inverse] : []), ...(returnCounts ? [counts] : [])]
}

/**
 * The shape that tensors of `shapes` have together after broadcasting.
 *
 * @throws ShapeError when two sizes differ and neither is 1.
 */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const dims = Math.max(0, ...shapes.map(shape => shape.length))
  return Array.from({ length: dims }, (_, i) => {
    const sizes = shapes.map(shape => shape[shape.length - dims + i] ?? 1)
    const size = sizes.find(size => size !== 1) ?? 1
    if (sizes.every(other => other === 1 || other === size)) return size
    throw new ShapeError(
      `Expected shapes that broadcast but received ${shapes.map(shape => `[${shape.join(', ')}]`).join(' and ')}.`,
    )
  })
}
