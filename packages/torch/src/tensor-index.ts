// What a tensor does like an array: indices, iteration, different elements, transposes, a plain
// number on the left of an operator. How indices are understood is in indexing.ts.
import { callOperator } from './call.ts'
import { ShapeError } from './errors.ts'
import {
  type UniqueConsecutiveOptions,
  type UniqueOptions,
  type UniqueResult,
  unique,
  uniqueConsecutive,
} from './functions.ts'
import { TensorMethods } from './generated/methods.ts'
import { assign, type Index, indexed } from './indexing.ts'
import { tidy } from './memory.ts'
import type { Tensor } from './tensor.ts'
import type { Scalar } from './types.ts'

export abstract class TensorIndexing extends TensorMethods {
  /** Sizes of the dimensions; `[]` for a scalar. */
  abstract get shape(): number[]

  /**
   * The part that indices choose, one index a dimension, as `x[...]` in Python: `x[0, 1:3, None,
   * ..., mask]` is `x.at(0, slice(1, 3), null, '...', mask)`. Integers, slices and null give a view
   * of the same memory, masks and positions a copy.
   *
   * @throws ShapeError when there are more indices than dimensions, TorchError when one is out of
   * range.
   */
  at(...indices: Index[]): Tensor {
    if (indices.length === 1 && typeof indices[0] === 'number') return this.select(0, indices[0])
    return tidy(() => indexed(this as unknown as Tensor, indices))
  }

  /**
   * Writes `value`, broadcast, where `indices` point: `x[0, 1:3] = value` is `x.set([0, slice(1,
   * 3)], value)`.
   *
   * @param indices an array, even of one index; positions stand in an array within: `[[0, 2]]`.
   * @throws ShapeError when there are more indices than dimensions, TorchError when `value` does not
   * broadcast, or when this is a leaf that records gradients.
   */
  set(indices: readonly Index[], value: Tensor | Scalar): this {
    tidy(() => assign(this as unknown as Tensor, indices, value))
    return this
  }

  /**
   * Size of the first dimension.
   *
   * @throws ShapeError for a scalar, which has none.
   */
  get length(): number {
    const { shape } = this
    if (shape.length === 0)
      throw new ShapeError('Expected a tensor with dimensions for length but received a scalar.')
    return shape[0]
  }

  /**
   * Views along the first dimension, for `for...of`; each belongs to the scope in which it is asked
   * for. A scalar has no iterator, and is not iterable as nothing else without one is.
   */
  get [Symbol.iterator](): () => Generator<Tensor, void, undefined> {
    return this.shape.length > 0 ? this.#rows : (undefined as never)
  }

  *#rows(): Generator<Tensor, void, undefined> {
    const { length } = this
    for (let i = 0; i < length; i++) yield this.select(0, i)
  }

  /** The different elements: the function `unique` of this tensor. */
  unique<O extends UniqueOptions = UniqueOptions>(options?: O): UniqueResult<O> {
    return unique(this as unknown as Tensor, options)
  }

  /** Neighbours that are equal, once: the function `uniqueConsecutive` of this tensor. */
  uniqueConsecutive<O extends UniqueConsecutiveOptions = UniqueConsecutiveOptions>(
    options?: O,
  ): UniqueResult<O> {
    return uniqueConsecutive(this as unknown as Tensor, options)
  }

  /** All dimensions in reverse order, a view; for a matrix its transpose. */
  get T(): Tensor {
    return callOperator('aten::numpy_T', '', this) as Tensor
  }

  /** Conjugate transpose of a matrix, a view. */
  get H(): Tensor {
    return callOperator('aten::matrix_H', '', this) as Tensor
  }

  /** `other / this`: PyTorch's `__rtruediv__`, as `rsub` is `other - this`. */
  rdiv(other: Scalar): Tensor {
    return tidy(() => this.reciprocal().mul(other))
  }

  /** `other ** this`. */
  rpow(other: Scalar): Tensor {
    return callOperator('aten::pow', 'Scalar', other, this) as Tensor
  }

  /** `other % this`, with the sign of `this`. */
  rremainder(other: Scalar): Tensor {
    return callOperator('aten::remainder', 'Scalar_Tensor', other, this) as Tensor
  }
}
