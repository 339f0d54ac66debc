// Indices as PyTorch's square brackets take them: `x[0, 1:3, None, ..., mask]` is written
// `x.at(0, slice(1, 3), null, '...', mask)`. Integers, slices and new axes make views; masks and
// lists of positions make copies. An array is no tensor here: it is a list of positions.
import { callOperator, isTensor, wrapHandle } from './call.ts'
import { codeOf } from './dtype.ts'
import { ArgumentError, ShapeError } from './errors.ts'
import { native } from './native.ts'
import type { Tensor } from './tensor.ts'
import type { Scalar } from './types.ts'

/** A range of positions along one dimension, made by `slice`. */
export class Slice {
  readonly start: number | null
  readonly stop: number | null
  readonly step: number

  constructor(start: number | null, stop: number | null, step: number) {
    this.start = start
    this.stop = stop
    this.step = step
  }
}

/**
 * The index `start:stop:step` of Python, for `Tensor.at` and `Tensor.set`: from `start` up to, not
 * including, `stop`. Negative numbers count from the end; null or nothing is the beginning or the
 * end; what lies beyond is cut off. `slice()` is all of a dimension.
 *
 * @param step default 1; LibTorch takes positive steps only.
 * @example x.at(slice(null, -1), slice(0, null, 2)) // x[:-1, 0::2]
 */
export const slice = (start: number | null = null, stop: number | null = null, step = 1): Slice =>
  new Slice(start, stop, step)

/**
 * One index: an integer (drops the dimension), a slice, null (a new dimension of size 1), `'...'`
 * (as many whole dimensions as are left), a boolean tensor (a mask over as many dimensions as it
 * has), an integer tensor or an array (those positions), an array of booleans (a mask), or a boolean
 * (a new dimension that holds all or nothing).
 */
export type Index =
  | number
  | Slice
  | null
  | '...'
  | boolean
  | Tensor
  | readonly number[]
  | readonly boolean[]

interface Resolved {
  /** What integers, slices and new axes leave. */
  view: Tensor
  /** Masks and positions, with null for every dimension of `view` before and between them. */
  entries: (Tensor | null)[]
}

/** `x[indices]`; runs in a scope of the caller's, for what it makes on the way. */
export function indexed(x: Tensor, indices: readonly Index[]): Tensor {
  const { view, entries } = resolve(x, indices)
  if (entries.length > 0) return callOperator('aten::index', 'Tensor', view, entries) as Tensor
  return view === x ? (callOperator('aten::alias', '', x) as Tensor) : view
}

/** `x[indices] = value`; runs in a scope of the caller's. */
export function assign(x: Tensor, indices: readonly Index[], value: Tensor | Scalar): void {
  const { view, entries } = resolve(x, indices)
  if (entries.length > 0) {
    const values = isTensor(value) ? withoutLeadingOnes(value as Tensor) : filled(x, value)
    callOperator('aten::index_put_', '', view, entries, values)
  } else if (isTensor(value)) {
    view.copy_(withoutLeadingOnes(value as Tensor))
  } else {
    view.fill_(value)
  }
}

function resolve(x: Tensor, indices: readonly Index[]): Resolved {
  const { shape } = x
  const items = indices.map(asTensor)
  const whole = shape.length - items.reduce((sum: number, item) => sum + dimensionsOf(item), 0)
  if (whole < 0 || items.filter(item => item === '...').length > 1)
    throw new ShapeError(
      `Expected indices for ${shape.length} dimensions, and '...' once at most, but received ${indices.length} for shape [${shape.join(', ')}].`,
    )
  const resolved: Resolved = { view: x, entries: [] }
  let dim = 0
  for (const item of items) dim += apply(resolved, item, dim, whole)
  while (resolved.entries.at(-1) === null) resolved.entries.pop()
  return resolved
}

type Item = number | Slice | null | '...' | boolean | Tensor

/** Applies one index to dimension `dim` of the view: how many dimensions it leaves there. */
function apply(resolved: Resolved, item: Item, dim: number, whole: number): number {
  const { view, entries } = resolved
  if (typeof item === 'number') {
    resolved.view = view.select(dim, item)
    return 0
  }
  if (item === '...') {
    for (let i = 0; i < whole; i++) entries.push(null)
    return whole
  }
  if (item instanceof Slice) {
    resolved.view = view.slice(dim, item.start, item.stop, item.step)
    entries.push(null)
    return 1
  }
  if (item === null) {
    resolved.view = view.unsqueeze(dim)
    entries.push(null)
    return 1
  }
  return applyTensor(resolved, typeof item === 'boolean' ? filled(view, item, 'bool') : item, dim)
}

function applyTensor(resolved: Resolved, item: Tensor, dim: number): number {
  const { view, entries } = resolved
  if (item.dim === 0 && !isMask(item)) {
    resolved.view = view.select(dim, item.item())
    return 0
  }
  if (item.dim === 0) resolved.view = view.unsqueeze(dim)
  const entry = item.dim === 0 ? item.reshape([1]) : item
  entries.push(/^int(8|16|32)$/.test(entry.dtype) ? entry.to('int64') : entry)
  return isMask(entry) ? entry.dim : 1
}

const isMask = (tensor: Tensor) => tensor.dtype === 'bool' || tensor.dtype === 'uint8'

/** How many dimensions of the tensor an index speaks of. */
function dimensionsOf(item: Item): number {
  if (item === null || item === '...' || typeof item === 'boolean') return 0
  return isTensor(item) && isMask(item) ? item.dim : 1
}

function asTensor(index: Index): Item {
  if (!Array.isArray(index)) {
    const known =
      ['number', 'boolean'].includes(typeof index) ||
      index === null ||
      index === '...' ||
      index instanceof Slice ||
      isTensor(index)
    if (known) return index as Item
    throw new ArgumentError(
      `Expected an integer, slice(...), null, '...', a boolean, a Tensor or an array for an index but received ${String(index)}.`,
    )
  }
  const values: readonly unknown[] = index
  if (values.length > 0 && values.every(value => typeof value === 'boolean'))
    return borrowed(Uint8Array.from(values, Number), 'bool')
  if (values.every(Number.isSafeInteger))
    return borrowed(BigInt64Array.from(values as number[], BigInt), 'int64')
  throw new ArgumentError(
    `Expected an array of integers or one of booleans for an index but received [${values.slice(0, 8).map(String).join(', ')}]. For more dimensions give a tensor.`,
  )
}

const borrowed = (array: Uint8Array | BigInt64Array, dtype: 'bool' | 'int64') =>
  wrapHandle(native.fromBuffer(array, codeOf(dtype), [array.length])) as Tensor

/** A scalar of `like`'s device, and of its dtype unless another is asked for. */
const filled = (like: Tensor, value: Scalar, dtype = like.dtype) =>
  callOperator('aten::full', '', [], value, dtype, undefined, like.device) as Tensor

/** PyTorch lets `x[0] = y` pass where y has more dimensions, all of them 1. */
function withoutLeadingOnes(value: Tensor): Tensor {
  const { shape } = value
  const first = shape.findIndex(size => size !== 1)
  return shape[0] === 1 ? value.reshape(first < 0 ? [] : shape.slice(first)) : value
}
