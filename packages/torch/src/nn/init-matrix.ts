// Initialisers that look at a weight as a matrix: torch.nn.init's eye_, dirac_, orthogonal_ and
// sparse_. As those of init.ts they work in place without recording and return their tensor.
import { noGrad } from '../autograd.ts'
import { callOperator } from '../call.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { empty, eye, randperm } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'

/** Runs `work` on the tensor without recording and releases what it makes. */
function inPlace(tensor: Tensor, work: () => void): Tensor {
  noGrad(() => tidy(work))
  return tensor
}

const refuse = (expected: string, tensor: Tensor): never => {
  throw new ShapeError(
    `Expected ${expected} for \`tensor\` but received shape [${tensor.shape.join(', ')}].`,
  )
}

/**
 * The identity, as far as a (rows, columns) matrix holds it.
 *
 * @throws ShapeError unless there are two dimensions.
 */
export function eye_(tensor: Tensor): Tensor {
  const { shape, dtype, device } = tensor
  if (shape.length !== 2) refuse('two dimensions', tensor)
  return inPlace(tensor, () => tensor.copy_(eye(shape[0], shape[1], { dtype, device })))
}

/**
 * A convolution kernel (out, in, ...kernel) that passes as many channels on as it can: one in the
 * middle of the kernel from input i to output i of every group.
 *
 * @param groups default 1
 * @throws ShapeError unless there are 3 to 5 dimensions; ArgumentError when groups do not divide the
 * outputs.
 */
export function dirac_(tensor: Tensor, groups = 1): Tensor {
  const [outputs, inputs, ...kernel] = tensor.shape
  if (kernel.length < 1 || kernel.length > 3) refuse('3 to 5 dimensions', tensor)
  if (outputs % groups !== 0)
    throw new ArgumentError(
      `Expected a number that divides ${outputs} outputs for \`groups\` but received ${groups}.`,
    )
  const perGroup = outputs / groups
  return inPlace(tensor, () => {
    tensor.zero_()
    const middle = kernel.reduce(
      (view, size) => view.select(2, Math.floor(size / 2)),
      tensor.detach(),
    )
    for (let group = 0; group < groups; group++)
      for (let i = 0; i < Math.min(perGroup, inputs); i++)
        middle
          .select(0, group * perGroup + i)
          .select(0, i)
          .fill_(1)
  })
}

/**
 * A (semi-)orthogonal matrix, the dimensions after the first taken together, times `gain` (Saxe et
 * al., 2013): the Q of a normal matrix, with signs that make it uniformly distributed.
 *
 * @param gain default 1
 * @throws ShapeError below two dimensions.
 */
export function orthogonal_(tensor: Tensor, gain = 1): Tensor {
  const { shape, dtype, device } = tensor
  if (shape.length < 2) refuse('at least two dimensions', tensor)
  if (tensor.numel === 0) return tensor
  return inPlace(tensor, () => {
    const rows = shape[0]
    const columns = tensor.numel / rows
    const normal = empty([rows, columns], { dtype, device }).normal_()
    const tall = rows < columns ? normal.t() : normal
    const [q, r] = callOperator('aten::linalg_qr', '', tall) as [Tensor, Tensor]
    const signed = q.mul(r.diag().sign())
    tensor
      .view([rows, columns])
      .copy_(rows < columns ? signed.t() : signed)
      .mul_(gain)
  })
}

/**
 * N(0, std^2) with a share of zeros in every column (Martens, 2010).
 *
 * @param sparsity share of a column that is zero, rounded up to rows
 * @param std default 0.01
 * @throws ShapeError unless there are two dimensions.
 */
export function sparse_(tensor: Tensor, sparsity: number, std = 0.01): Tensor {
  const { shape, device } = tensor
  if (shape.length !== 2) refuse('two dimensions', tensor)
  const [rows, columns] = shape
  const zeros = Math.ceil(sparsity * rows)
  return inPlace(tensor, () => {
    tensor.normal_(0, std)
    for (let column = 0; column < columns; column++) {
      const chosen = randperm(rows, { dtype: 'int64', device }).narrow(0, 0, zeros)
      tensor.select(1, column).indexFill_(0, chosen, 0)
    }
  })
}
