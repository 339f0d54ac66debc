// Where elements lie in memory, told from shape and strides.
import type { MemoryFormat } from './types.ts'

/** Dimensions from the innermost in memory outwards, for the formats that are not row-major. */
const INNERMOST_FIRST: Partial<Record<MemoryFormat, readonly number[]>> = {
  channels_last: [1, 3, 2, 0],
  channels_last_3d: [1, 4, 3, 2, 0],
}

/** Whether the elements lie in the order of `format` without gaps; sizes of 1 may have any stride. */
export function isContiguous(
  shape: readonly number[],
  strides: readonly number[],
  format: MemoryFormat,
): boolean {
  const order = INNERMOST_FIRST[format] ?? [...shape.keys()].reverse()
  if (order.length !== shape.length) return false
  if (shape.includes(0)) return true
  let expected = 1
  for (const dim of order) {
    if (shape[dim] !== 1 && strides[dim] !== expected) return false
    expected *= shape[dim]
  }
  return true
}
