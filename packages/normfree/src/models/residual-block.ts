// What diagnostics need to know of a residual block, whatever its family: where its branch ends,
// where it stands, and what variance it is expected to put out.
import { nn, type Tensor } from '@normfree/torch'

/** Where a block stands and what is predicted of it. */
export interface BlockPosition {
  stage: number
  /** Index within the stage, from 0. */
  block: number
  /** Last block before the next stage. */
  stageEnd: boolean
  /** Expected variance of the output at initialisation; null where the family makes no prediction. */
  predictedVariance: number | null
}

/** What a block multiplies its two paths by. */
export interface BlockMultipliers {
  /** Of the shortcut, learned scalars included. */
  identity: number
  /** Of the branch, fixed. */
  residual: number
  /** Of the branch, learned. */
  learned: Tensor | null
  /** The branch's convolutions, where nothing normalizes what they put out or are made of. */
  kernels: readonly nn.Conv2d[]
}

/**
 * A block, shortcut(x) + branch(x), of any family, as the signal plots see it: (N, C, H, W) to
 * (N, C', H', W').
 */
export abstract class ResidualBlock extends nn.Module {
  readonly position: BlockPosition
  /**
   * Passes the residual branch on: hooks here see it after its last layer (and squeeze-excite),
   * before stochastic depth, SkipInit and alpha.
   */
  readonly residual = new nn.Identity()

  constructor(position: BlockPosition) {
    super()
    this.position = position
  }

  /**
   * What silences the branch at initialisation (a SkipInit scalar, a last convolution's gain); null
   * where nothing does.
   */
  abstract branchScale(): Tensor | null

  /** The weights of the sum. Blocks whose sum is not plain override this. */
  multipliers(): BlockMultipliers {
    return { identity: 1, residual: 1, learned: this.branchScale(), kernels: [] }
  }

  /**
   * What the block makes of its input before anything else: blocks that begin with an activation
   * (and a norm) override this with it. Others read their input as it is.
   */
  activated(x: Tensor): Tensor {
    return x
  }
}
