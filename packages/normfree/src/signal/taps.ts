// Where a signal is looked at: at the stem, at the end of every residual branch, and behind every
// block. What is done there (measuring, predicting) is the listener's.
import { ArgumentError, type nn, type Tensor } from '@normfree/torch'
import { type BlockPosition, ResidualBlock } from '../models/residual-block.ts'

/** One residual block among those of a model. */
export interface TapPlace extends BlockPosition {
  /** From 1, in forward order; 0 is the stem. */
  index: number
  /** Dotted name of the block. */
  name: string
}

/** What is called as a pass comes by. The tensors live no longer than the call. */
export interface TapListener {
  /** What goes into the first block. */
  stem(x: Tensor): void
  /** The end of a block's branch: before stochastic depth, SkipInit and alpha. */
  branch(place: TapPlace, y: Tensor): void
  /** What a block puts out. */
  output(place: TapPlace, y: Tensor): void
}

/** The residual blocks of a model in forward order, with their names. */
export const residualBlocks = (model: nn.AnyModule): [string, ResidualBlock][] =>
  [...model.namedModules()].filter(
    (entry): entry is [string, nn.AnyModule & ResidualBlock] => entry[1] instanceof ResidualBlock,
  )

/**
 * Runs `pass`, which calls `model`, and tells `listener` of every tap that it comes by.
 *
 * @throws ArgumentError when the model has no residual blocks.
 */
export function withTaps(model: nn.AnyModule, listener: TapListener, pass: () => void): void {
  const blocks = residualBlocks(model)
  if (blocks.length === 0)
    throw new ArgumentError(
      `Expected a model with residual blocks but ${model.constructor.name} has none.`,
    )
  const handles = blocks.flatMap(([name, block], i) => {
    const place = { index: i + 1, name, ...block.position }
    return [
      ...(i === 0 ? [block.registerForwardPreHook((_, [x]) => listener.stem(x))] : []),
      block.residual.registerForwardHook((_, __, y) => listener.branch(place, y)),
      block.registerForwardHook((_, __, y) => listener.output(place, y)),
    ]
  })
  try {
    pass()
  } finally {
    for (const handle of handles) handle.remove()
  }
}
