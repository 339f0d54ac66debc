// How much each block matters for what the net puts out: the net without the block's branch, beside the
// whole.
import { keep, linalg, type nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import { undisturbed } from '../undisturbed.ts'
import { type TapListener, type TapOptions, type TapSum, withTaps } from './taps.ts'

/** What removing one block's branch changes. */
export interface BlockContribution {
  /** From 1, as in the taps. */
  index: number
  /** Dotted name of the block. */
  name: string
  /** ||y' - y|| / ||y||, y what the last block puts out with all branches, y' without this one. */
  change: number
}

/**
 * Ablates one block after the other: runs `model` on `input` in training mode once for all and once for
 * every block that has a shortcut, without recording. The model's state is as before afterwards; dropout
 * draws anew in each pass.
 *
 * @throws ArgumentError as withTaps.
 */
export function blockContributions(
  model: nn.Module,
  input: Tensor,
  options: TapOptions = {},
): BlockContribution[] {
  const blocks: { index: number; name: string }[] = []
  let removed = 0
  let last: Tensor | null = null
  const listener: TapListener = {
    stem: () => {},
    branch: () => {},
    output: (_, y) => {
      last?.dispose()
      last = keep(y.clone())
    },
    sum: ({ index, name }, sum) => {
      if (removed === 0) blocks.push({ index, name })
      if (removed === index) removeBranch(sum)
    },
  }
  const lastOutput = (): Tensor => {
    undisturbed(model, () => void model.train()(input))
    const output = last as unknown as Tensor
    last = null
    return output
  }
  const changes: number[] = []
  const pass = () =>
    tidy(() => {
      const whole = lastOutput()
      for (const { index } of blocks) {
        removed = index
        const changed = lastOutput()
        changes.push(relativeChange(changed, whole))
        changed.dispose()
      }
      whole.dispose()
    })
  noGrad(() => withTaps(model, listener, pass, options))
  return blocks.map((block, i) => ({ ...block, change: changes[i] }))
}

function removeBranch({ sum, shortcut, branch, branchWeight, shortcutWeight }: TapSum): void {
  if (shortcut === sum) sum.sub_(branch, { alpha: branchWeight })
  else sum.copy_(shortcut.mul(shortcutWeight))
}

const relativeChange = (changed: Tensor, whole: Tensor): number =>
  tidy(() => linalg.vectorNorm(changed.sub(whole)).div(linalg.vectorNorm(whole)).item())
