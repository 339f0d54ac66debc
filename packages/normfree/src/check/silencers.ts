// The parameters that start at 0 and so silence a branch: SkipInit scalars, gains of a last
// convolution or norm, kernels of Fixup. Biases at 0 silence nothing.
import { type nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import type { Block } from './blocks.ts'

/** A parameter that is 0, and the silent block that it stands in. */
export interface Silencer {
  block: Block
  /** Dotted name. */
  name: string
  parameter: Tensor
}

/** What silences `blocks`, those of them that are silent, in the model's order. */
export function silencersOf(model: nn.Module, blocks: readonly Block[]): Silencer[] {
  const silent = blocks.filter(block => block.silent)
  if (silent.length === 0) return []
  return [...model.namedParameters()].flatMap(([name, parameter]) => {
    if (/bias[^.]*$/.test(name) || !isZero(parameter)) return []
    const block = silent.find(({ module }) => module === '' || name.startsWith(`${module}.`))
    return block ? [{ block, name, parameter }] : []
  })
}

const isZero = (parameter: Tensor): boolean =>
  noGrad(() => tidy(() => parameter.detach().abs().max().item() === 0))

/** A scalar or a vector, whatever dimensions of 1 it has. */
export const isVector = ({ shape }: Tensor): boolean => shape.filter(size => size > 1).length <= 1

/**
 * Runs `work` with the silent blocks opened: scalars and vectors that are 0 stand at 1 meanwhile.
 * Kernels stay: a kernel of ones would say nothing of the one that is learned.
 */
export function withOpened<T>(model: nn.Module, blocks: readonly Block[], work: () => T): T {
  const opened = silencersOf(model, blocks).flatMap(({ parameter }) =>
    isVector(parameter) ? [parameter] : [],
  )
  const fill = (value: number) =>
    noGrad(() => {
      for (const parameter of opened) parameter.fill_(value)
    })
  fill(1)
  try {
    return work()
  } finally {
    fill(0)
  }
}
