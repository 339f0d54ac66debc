// The loss of depth prediction.
import { ShapeError, type Tensor, tidy, where } from '@normfree/torch'

/** Share of the largest error from which on errors count squared. */
const SHARE = 0.2
/** Keeps the quotient finite when there is no error at all. */
const LEAST = 1e-12

/**
 * Reverse Huber loss (Laina et al. 2016, eq. 2-3): the mean of |e| where |e| <= c and of
 * (e^2 + c^2) / (2 c) elsewhere, c being a fifth of the largest |e| of the batch and a constant to the
 * gradient. Only pixels with a known depth (`target` above 0) count.
 *
 * @param input - predicted depths of any shape
 * @param target - true depths of the same shape
 * @throws ShapeError when the shapes differ
 */
export function reverseHuber(input: Tensor, target: Tensor): Tensor {
  if (input.shape.join() !== target.shape.join())
    throw new ShapeError(
      `Expected \`target\` of the shape of \`input\` [${input.shape.join(', ')}] but received [${target.shape.join(', ')}].`,
    )
  return tidy(() => {
    const known = target.gt(0)
    // Where no depth is known the prediction stands in for it: no error, and no gradient.
    const error = input.sub(where(known, target, input.detach())).abs()
    const c = error.detach().max().mul(SHARE).clamp(LEAST)
    const squared = error.square().add(c.square()).div(c.mul(2))
    const losses = where(error.le(c), error, squared)
    return losses.sum().div(known.sum().clamp(1))
  })
}
