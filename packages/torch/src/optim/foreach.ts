// The multi-tensor operators that optimizers are written in: one call for all parameters of a
// group. Lists are never empty, and go pairwise. A trailing underscore: in place, on the first list.
import { callOperator } from '../call.ts'
import type { Tensor } from '../tensor.ts'

type Tensors = readonly Tensor[]

const foreach = (operator: string, overload: string, ...args: unknown[]): Tensor[] =>
  callOperator(`aten::_foreach_${operator}`, overload, ...args) as Tensor[]

/** x + alpha y */
export const add = (x: Tensors, y: Tensors, alpha = 1): Tensor[] =>
  foreach('add', 'List', x, y, alpha)

/** x += alpha y */
export const add_ = (x: Tensors, y: Tensors, alpha = 1): void =>
  void foreach('add_', 'List', x, y, alpha)

/** x += s */
export const addScalar_ = (x: Tensors, s: number): void => void foreach('add_', 'Scalar', x, s)

/** x *= s */
export const multiply_ = (x: Tensors, s: number): void => void foreach('mul_', 'Scalar', x, s)

/** x *= y */
export const multiplyEach_ = (x: Tensors, y: Tensors): void => void foreach('mul_', 'List', x, y)

/** x / y */
export const divideEach = (x: Tensors, y: Tensors): Tensor[] => foreach('div', 'List', x, y)

/** x /= s, a divisor for each. */
export const divide_ = (x: Tensors, s: readonly number[]): void =>
  void foreach('div_', 'ScalarList', x, s)

/** x += s y z */
export const addProduct_ = (x: Tensors, y: Tensors, z: Tensors, s: number): void =>
  void foreach('addcmul_', 'Scalar', x, y, z, s)

/** x += s y / z */
export const addQuotient_ = (x: Tensors, y: Tensors, z: Tensors, s: number): void =>
  void foreach('addcdiv_', 'Scalar', x, y, z, s)

/** x += s y / z, a factor for each. */
export const addQuotients_ = (x: Tensors, y: Tensors, z: Tensors, s: readonly number[]): void =>
  void foreach('addcdiv_', 'ScalarList', x, y, z, s)

/** x = max(x, y) */
export const maximum_ = (x: Tensors, y: Tensors): void => void foreach('maximum_', 'List', x, y)

/** -x */
export const negative = (x: Tensors): Tensor[] => foreach('neg', '', x)

export const squareRoot = (x: Tensors): Tensor[] => foreach('sqrt', '', x)

/** The Euclidean norm of each, tensors of no dimension. */
export const norm = (x: Tensors): Tensor[] => foreach('norm', 'Scalar', x, 2)

/** x = decay x + (1 - decay) y */
export function average_(x: Tensors, y: Tensors, decay: number): void {
  multiply_(x, decay)
  add_(x, y, 1 - decay)
}
