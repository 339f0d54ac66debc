// The bookkeeping of expected variance through a stack of residual blocks (NF-ResNets, section 4).
// Numbers only: models read their betas from here, diagnostics their predictions.
import { ArgumentError } from '@normfree/torch'

/** What one block is told and what is expected to come out of it. */
export interface BlockPlan {
  stage: number
  /** Index within the stage, from 0. */
  block: number
  /** Expected standard deviation of the block's input: the branch divides by it. */
  beta: number
  /** Expected variance of the block's output. */
  predictedVariance: number
}

/**
 * Plans y = shortcut + alpha f(x / beta) for stages of `depths` blocks. Variance starts at 1 and
 * grows by alpha^2 a block; at the first block of every stage it is first set back to 1, because
 * that block's shortcut is a convolution of the normalized input. That block still divides by what
 * the stage before it had grown to. So variance after block b of any stage is 1 + (b + 1) alpha^2.
 *
 * Section 4.5 of the paper prints the reset as beta = 1 + alpha^2; its code (deepmind-research
 * nfnets/nf_resnet.py, and Appendix D) has the square root of that, as here.
 *
 * @param alpha 0.2 in the trained models, 1 in the paper's signal plots.
 */
export function planBlocks(depths: readonly number[], alpha: number): BlockPlan[] {
  if (!(alpha > 0))
    throw new ArgumentError(`Expected a number > 0 for \`alpha\` but received ${alpha}.`)
  let variance = 1
  return depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, block) => {
      const beta = Math.sqrt(variance)
      variance = (block === 0 ? 1 : variance) + alpha ** 2
      return { stage, block, beta, predictedVariance: variance }
    }),
  )
}
