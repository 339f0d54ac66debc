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

/**
 * The different elements of `input`, or slices of it, each once; indices and counts are int64.
 *
 * @returns the elements alone, or followed by what the options ask for.
 */
export function unique(
  input: Tensor,
  options?: UniqueOptions & { returnInverse?: false; returnCounts?: false },
): Tensor
export function unique(
  input: Tensor,
  options: UniqueOptions & { returnInverse: true; returnCounts: true },
): [Tensor, Tensor, Tensor]
export function unique(input: Tensor, options: UniqueOptions): [Tensor, Tensor]
export function unique(input: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] {
  const { sorted = true, returnInverse = false, returnCounts = false, dim = null } = options
  const [values, inverse, counts] = (
    dim === null
      ? callOperator('aten::_unique2', '', input, sorted, returnInverse, returnCounts)
      : callOperator('aten::unique_dim', '', input, dim, sorted, returnInverse, returnCounts)
  ) as [Tensor, Tensor, Tensor]
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
