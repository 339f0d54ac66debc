// What a residual net multiplies its shortcuts and branches by, block by block, at initialisation and
// after training: the reviewers of RescaleNet asked what the learned multipliers become, and whether
// the kernels behind them shrink while they grow.
import { ArgumentError, nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import type { ResidualBlock } from '../models/residual-block.ts'
import { residualBlocks } from '../signal/taps.ts'

/** A learned multiplier: one number, or one a channel. */
export interface LearnedMultiplier {
  /** Of how many numbers. */
  size: number
  mean: number
  min: number
  max: number
}

/** The multipliers of one block. */
export interface ResidualMultipliers {
  /** From 1, in forward order. */
  index: number
  /** Dotted name of the block. */
  name: string
  stage: number
  block: number
  /** What the shortcut is multiplied by, learned scalars included; 1 for a plain sum. */
  identity: number
  /** What the branch is multiplied by and stays so: alpha, or L^(-1/2). */
  residual: number
  /** What it is multiplied by besides and is learned (SkipInit, a last gain, RescaleNet's scale); null without. */
  learned: LearnedMultiplier | null
  /**
   * Product over the branch's convolutions of their deviation relative to He's, sqrt(2 / fan-in): 1 where
   * they start as He's. Null where they are standardized or have norms behind them: their size then
   * means nothing.
   */
  kernels: number | null
  /** residual * mean of learned * kernels: the branch's weight as a whole. */
  branch: number
}

/**
 * A row for each block of `model`, in forward order.
 *
 * @throws ArgumentError when it has none of our residual blocks.
 */
export function residualMultipliers(model: nn.Module): ResidualMultipliers[] {
  const blocks = residualBlocks(model)
  if (blocks.length === 0)
    throw new ArgumentError(
      `Expected a model with residual blocks but ${model.constructor.name} has none.`,
    )
  return noGrad(() => tidy(() => blocks.map(([name, block], i) => rowOf(i + 1, name, block))))
}

function rowOf(index: number, name: string, block: ResidualBlock): ResidualMultipliers {
  const { stage, block: place } = block.position
  const { identity, residual, ...of } = block.multipliers()
  const learned = of.learned && summary(of.learned)
  const kernels = scaleOf(of.kernels)
  const branch = residual * (learned?.mean ?? 1) * (kernels ?? 1)
  return { index, name, stage, block: place, identity, residual, learned, kernels, branch }
}

const summary = (values: Tensor): LearnedMultiplier => ({
  size: values.numel,
  mean: values.mean().item(),
  min: values.min().item(),
  max: values.max().item(),
})

/** Root mean square of the weights relative to sqrt(2 / fan-in), multiplied up. */
function scaleOf(kernels: readonly nn.Conv2d[]): number | null {
  if (kernels.length === 0) return null
  return kernels.reduce((product, { weight }) => {
    const [fanIn] = nn.init.calculateFanInAndFanOut(weight)
    return product * Math.sqrt((weight.square().mean().item() * fanIn) / 2)
  }, 1)
}
